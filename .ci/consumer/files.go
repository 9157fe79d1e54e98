package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat/wechattest"
)

const picture = "\xff\xd8\xff\xe0 a JPEG"

// useMedia uploads from a reader of known length and from a pipe, and downloads both.
func useMedia(ctx context.Context, server *wechattest.Server) error {
	client := server.Client().Media
	pipe, w := io.Pipe()
	go func() { // ends with the upload, which reads to the end of the pipe
		_, err := io.WriteString(w, picture)
		w.CloseWithError(err)
	}()
	for _, from := range []io.Reader{strings.NewReader(picture), pipe} {
		sent := int64(0)
		up, err := client.Upload(ctx, media.Image, "照片.jpg", from,
			media.WithProgress(func(n, _ int64) { sent = n }))
		if err != nil {
			return err
		}
		if err := want("bytes of the last report", sent > 0, true); err != nil {
			return err
		}
		if err := download(ctx, client, up.MediaID); err != nil {
			return err
		}
	}
	_, err := client.Upload(ctx, media.Thumb, "thumb.jpg", strings.NewReader(picture+strings.Repeat("x", 64<<10)))
	if !errors.Is(err, media.ErrTooLarge) {
		return fmt.Errorf("a thumb that is too large: %v", err)
	}
	return useLibrary(ctx, client)
}

func download(ctx context.Context, client *media.Client, mediaID string) error {
	file, err := client.Get(ctx, mediaID)
	if err != nil {
		return err
	}
	defer file.Body.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(file.Body); err != nil {
		return err
	}
	return want("what came back", got.String(), picture)
}

// useLibrary keeps a picture in the permanent library, and remembers a temporary one.
func useLibrary(ctx context.Context, client *media.Client) error {
	added, err := client.AddMaterial(ctx, media.Image, "logo.jpg", strings.NewReader(picture))
	if err != nil {
		return err
	}
	items := 0
	for item, err := range client.Materials(ctx, media.Image) {
		if err != nil {
			return err
		}
		if err := want("the item's id", item.MediaID, added.MediaID); err != nil {
			return err
		}
		items++
	}
	if err := want("items", items, 1); err != nil {
		return err
	}
	cache, err := media.NewCache(client, 100)
	if err != nil {
		return err
	}
	uploads := 0
	source := media.Source{
		Key: "pupil 1", Kind: media.Image, Filename: "1.jpg",
		Open: func(context.Context) (io.ReadCloser, error) {
			uploads++
			return io.NopCloser(strings.NewReader(picture)), nil
		},
	}
	for range 2 {
		err := cache.Use(ctx, source, func(_ context.Context, mediaID string) error {
			return want("there is an id", mediaID != "", true)
		})
		if err != nil {
			return err
		}
	}
	return want("uploads through the cache", uploads, 1)
}
