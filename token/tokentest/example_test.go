package tokentest_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/org/wxhome/token"
)

// fileStore keeps each token in a file of one folder.
type fileStore struct{ dir string }

func (s fileStore) path(key string) string {
	return filepath.Join(s.dir, fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

func (s fileStore) Load(ctx context.Context, key string) (token.Token, error) {
	if err := ctx.Err(); err != nil {
		return token.Token{}, err
	}
	data, err := os.ReadFile(s.path(key))
	if os.IsNotExist(err) {
		return token.Token{}, nil
	}
	var t token.Token
	if err == nil {
		err = t.UnmarshalBinary(data)
	}
	if err != nil || t.Expired(time.Now()) {
		return token.Token{}, err
	}
	return t, nil
}

func (s fileStore) Save(ctx context.Context, key string, t token.Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "new")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), s.path(key))
}

// Two processes share a token through a Store that keeps it in a file. The whole test of such
// a Store is
//
//	func TestFileStore(t *testing.T) {
//		dir := t.TempDir()
//		tokentest.Run(t, func(*testing.T) token.Store { return fileStore{dir} })
//	}
func Example() {
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fetches := 0
	source := token.SourceFunc(func(context.Context) (token.Token, error) {
		fetches++
		return token.Token{Value: "ACCESS_TOKEN", Expiry: time.Now().Add(2 * time.Hour)}, nil
	})
	key := token.Key("wx0123456789abcdef", "custom", "tokens.example.com")
	for range 2 {
		cache, err := token.NewCache(source, token.WithStore(fileStore{dir}, key))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(cache.Get(context.Background()))
	}
	fmt.Println("fetches:", fetches)
	// Output:
	// ACCESS_TOKEN <nil>
	// ACCESS_TOKEN <nil>
	// fetches: 1
}
