package media_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat/wechattest"
)

// The examples talk to a simulated WeChat; in a program the client comes from wechat.New.

func ExampleClient_Upload() {
	server := wechattest.NewServer()
	defer server.Close()
	client := server.Client()

	photo := strings.NewReader("\xff\xd8\xff\xe0 a JPEG") // or an *os.File, a request's body, a pipe
	up, err := client.Media.Upload(context.Background(), media.Image, "张三的照片.jpg", photo)
	fmt.Println(up.MediaID != "", up.Expires.Sub(up.Created), err)
	fmt.Println("sent as", server.Uploads()[0].Filename)
	// Output:
	// true 72h0m0s <nil>
	// sent as image.jpg
}

// What WeChat would refuse is refused before it is sent.
func ExampleClient_Upload_refused() {
	server := wechattest.NewServer()
	defer server.Close()
	fromAPhone := strings.NewReader("\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic")
	_, err := server.Client().Media.Upload(context.Background(), media.Image, "IMG_0001.JPG", fromAPhone)
	fmt.Println(err)
	fmt.Println(errors.Is(err, media.ErrFormat))
	// Output:
	// media: an image must be JPEG, PNG or GIF, and this is HEIC: iPhones write it; convert it to JPEG
	// true
}

func ExampleWithProgress() {
	server := wechattest.NewServer()
	defer server.Close()
	video := strings.NewReader("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + strings.Repeat("x", 1000))
	_, err := server.Client().Media.Upload(context.Background(), media.Video, "v.mp4", video,
		media.WithProgress(func(sent, total int64) { fmt.Printf("%d of %d bytes\n", sent, total) }))
	fmt.Println(err)
	// Output:
	// 1024 of 1024 bytes
	// <nil>
}

// A photo that a follower has sent, saved under the platform's name for it.
func ExampleClient_Get() {
	server := wechattest.NewServer()
	defer server.Close()
	mediaID := server.AddMedia(wechattest.Media{Kind: media.Image, Data: []byte("\xff\xd8\xff\xe0 a JPEG")})

	file, err := server.Client().Media.Get(context.Background(), mediaID)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Body.Close()
	n, err := io.Copy(io.Discard, file.Body) // or to an *os.File
	fmt.Println(file.ContentType, file.Filename == mediaID+".jpg", file.Size, n, err)
	// Output: image/jpeg true 11 11 <nil>
}

func ExampleClient_Materials() {
	server := wechattest.NewServer()
	defer server.Close()
	client := server.Client()
	for _, name := range []string{"first.png", "second.png"} {
		_, err := client.Media.AddMaterial(context.Background(), media.Image, name, strings.NewReader("\x89PNG\r\n\x1a\n"))
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	for item, err := range client.Media.Materials(context.Background(), media.Image) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.Name)
	}
	// Output:
	// second.png
	// first.png
}

// One photo for many parents: it is uploaded once, and again when its media_id was forgotten.
func ExampleCache_Use() {
	server := wechattest.NewServer()
	defer server.Close()
	client := server.Client()
	cache, err := media.NewCache(client.Media, 10_000)
	if err != nil {
		fmt.Println(err)
		return
	}
	name := "testdata/photo.png"
	photo := media.Source{
		Key: name, Kind: media.Image, Filename: name,
		Open: func(context.Context) (io.ReadCloser, error) { return os.Open(name) },
	}
	send := func(ctx context.Context, mediaID string) error { // such as client.Custom.Send
		file, err := client.Media.Get(ctx, mediaID)
		if err != nil {
			return err
		}
		return file.Body.Close()
	}
	for range 3 {
		if err := cache.Use(context.Background(), photo, send); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(server.Uploads()), "upload")
	// Output: 1 upload
}
