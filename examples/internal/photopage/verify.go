package photopage

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
)

// verifyPattern is the whole of a path that WeChat asks for to see whose host it is.
var verifyPattern = regexp.MustCompile(`^/MP_verify_[A-Za-z0-9]{1,64}\.txt$`)

func isVerifyPath(path string) bool { return verifyPattern.MatchString(path) }

// maxVerify bounds such a file, which holds 16 characters.
const maxVerify = 4 << 10

// verifyFiles serves the MP_verify_*.txt files of a folder and nothing else.
func verifyFiles(dir string) (http.Handler, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("photopage: the folder of MP_verify files: %s is no folder", dir)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
			return
		}
		text, ok := readVerify(dir, r.URL.Path[1:])
		if !ok {
			http.Error(w, "404 no such file", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	}), nil
}

// readVerify opens the folder each time: it happens a few times in a year.
func readVerify(dir, name string) (text []byte, ok bool) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, false
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxVerify {
		return nil, false
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxVerify))
	return text, err == nil
}
