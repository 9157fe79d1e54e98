package photopage_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing/fstest"
	"time"

	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/photopage"
)

// table is a Store of one photo. A program uses SQLStore.
type table struct{}

func (table) Row(_ context.Context, id int64) (photopage.Row, error) {
	if id != 42 {
		return photopage.Row{}, photopage.ErrNoRow
	}
	return photopage.Row{OpenID: "oParent", StudentID: "S1", StudentName: "张三", PhotoURL: "S1.jpg"}, nil
}

func (table) Bound(_ context.Context, openid, studentID string) (bool, error) {
	return openid == "oParent" && studentID == "S1", nil
}

// An account without web authorization: the link alone suffices.
func ExampleNew() {
	photos, err := photofile.New(photofile.Config{Files: fstest.MapFS{"S1.jpg": {Data: []byte("\xff\xd8\xff\xe0...")}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := photopage.New(photopage.Config{
		BaseURL: "https://school.example/photo", Key: "a secret that batchpush has, too",
		Store: table{}, Photos: photos, LinkOnly: true, Account: "阳光小学",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	link := page.Link(42, time.Now().Add(time.Hour))
	opened := httptest.NewRecorder()
	page.ServeHTTP(opened, httptest.NewRequest("GET", link, nil))
	fmt.Println(opened.Code, opened.Header().Get("Location"))

	shown := httptest.NewRecorder()
	view := httptest.NewRequest("GET", "https://school.example/photo/view/42", nil)
	view.AddCookie(opened.Result().Cookies()[0])
	page.ServeHTTP(shown, view)
	fmt.Println(shown.Code, shown.Header().Get("Cache-Control"))

	shared := httptest.NewRecorder()
	page.ServeHTTP(shared, httptest.NewRequest("GET", "https://school.example/photo/view/42", nil))
	fmt.Println(shared.Code)
	// Output:
	// 302 /photo/view/42
	// 200 private, no-store
	// 403
}
