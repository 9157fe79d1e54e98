package media

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// Item is an entry of the library's list.
type Item struct {
	MediaID string    // for GetMaterial, DeleteMaterial and messages
	Name    string    // the file's name; empty for articles
	URL     string    // an image's address; for others it may be empty
	Updated time.Time // by the platform's clock
	// Articles are those of an entry of kind News.
	Articles []Article
}

// UnmarshalJSON reads an entry as the platform writes it.
func (i *Item) UnmarshalJSON(b []byte) error {
	var wire struct {
		MediaID string `json:"media_id"`
		Name    string `json:"name"`
		URL     string `json:"url"`
		Updated number `json:"update_time"`
		Content struct {
			Articles []Article `json:"news_item"`
		} `json:"content"`
	}
	err := json.Unmarshal(b, &wire)
	*i = Item{wire.MediaID, wire.Name, wire.URL, wire.Updated.time(), wire.Content.Articles}
	return err
}

// Page is a part of the library's list.
type Page struct {
	Total int    `json:"total_count"` // of that kind in the library
	Items []Item `json:"item"`        // the newest first
}

// pageSize is the largest page that the platform gives.
const pageSize = 20

// listRequest declares itself repeatable: it only reads.
type listRequest struct {
	Kind   Kind `json:"type"`
	Offset int  `json:"offset"`
	Count  int  `json:"count"`
}

// Repeatable tells the Caller that a lost answer may be asked for again.
func (listRequest) Repeatable() bool { return true }

// ReadOnly reports it too: the answer counts as a GET's.
func (listRequest) ReadOnly() bool { return true }

// ListMaterial returns up to count entries, 1 to 20, from offset on (获取永久素材列表). kind is Image,
// Voice, Video or News. [Client.Materials] goes through all pages.
//
// POST /cgi-bin/material/batchget_material
func (c *Client) ListMaterial(ctx context.Context, kind Kind, offset, count int) (Page, error) {
	switch {
	case kind != Image && kind != Voice && kind != Video && kind != News:
		return Page{}, argument(strconv.Quote(string(kind)) + " is no kind that is listed: use media.Image, Voice, Video or News")
	case offset < 0:
		return Page{}, argument("the offset is negative")
	case count < 1 || count > pageSize:
		return Page{}, argument(fmt.Sprintf("a page has 1 to %d entries", pageSize))
	}
	var answer struct {
		Total *number `json:"total_count"`
		Items *[]Item `json:"item"` // nil for null too
	}
	err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/material/batchget_material", listRequest{kind, offset, count}, &answer)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if answer.Total != nil {
		page.Total = int(*answer.Total)
	}
	switch {
	case answer.Items != nil:
		page.Items = *answer.Items
	case answer.Total == nil || offset < page.Total:
		return Page{}, badAnswer("the answer has no list of entries")
	}
	return page, nil
}

// Materials goes through the library's entries of a kind (Image, Voice, Video or News), page by
// page and as they are wanted. It ends after an error, which comes with a zero Item.
//
// The platform counts from the start of its list, so what is added or deleted meanwhile shifts
// the rest: some entries may come twice, or not at all. To delete, collect the ids first.
//
// POST /cgi-bin/material/batchget_material
func (c *Client) Materials(ctx context.Context, kind Kind) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for offset := 0; ; {
			page, err := c.ListMaterial(ctx, kind, offset, pageSize)
			if err != nil {
				yield(Item{}, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			offset += len(page.Items)
			if len(page.Items) == 0 || offset >= page.Total {
				return
			}
		}
	}
}
