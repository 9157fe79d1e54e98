package follower

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"unicode/utf8"
)

// The platform's limits on tags.
const (
	maxTagName    = 30 // characters
	lastSystemTag = 2  // 0 to 2 are the platform's own (45058)
)

// Tag is a tag (标签) that followers can have.
type Tag struct {
	ID   int    // what the other calls name it by
	Name string // up to 30 characters
	// Followers is the number of followers who have the tag (count).
	Followers int
}

// tagBody names a tag in a request or an answer.
type tagBody struct {
	ID        number `json:"id,omitempty"`
	Name      word   `json:"name,omitempty"`
	Followers number `json:"count,omitempty"`
}

// Tags returns the account's tags, including the platform's own, such as 星标组 (id 2).
//
// GET /cgi-bin/tags/get
func (c *Client) Tags(ctx context.Context) ([]Tag, error) {
	var answer struct {
		Tags array[tagBody] `json:"tags"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/tags/get", nil, &answer); err != nil {
		return nil, err
	}
	if !answer.Tags.told {
		return nil, oddAnswer("the answer has no list of tags")
	}
	tags := make([]Tag, len(answer.Tags.items))
	for i, t := range answer.Tags.items {
		tags[i] = Tag{ID: int(t.ID), Name: string(t.Name), Followers: int(t.Followers)}
	}
	return tags, nil
}

// AddTag makes a tag and returns its id. The name has 1 to 30 characters and must be unique (45157). An
// account has at most 100 tags (45056).
//
// POST /cgi-bin/tags/create
func (c *Client) AddTag(ctx context.Context, name string) (id int, err error) {
	if err := badArguments(badTagName(name)); err != nil {
		return 0, err
	}
	var answer struct {
		Tag tagBody `json:"tag"`
	}
	if err := c.manageTag(ctx, "/cgi-bin/tags/create", tagBody{Name: word(name)}, &answer); err != nil {
		return 0, err
	}
	if answer.Tag.ID == 0 {
		return 0, oddAnswer("the platform made a tag and told no id: look for it among the Tags")
	}
	return int(answer.Tag.ID), nil
}

// RenameTag gives a tag another name. The platform's own tags, 0 to 2, cannot be renamed.
//
// POST /cgi-bin/tags/update
func (c *Client) RenameTag(ctx context.Context, id int, name string) error {
	if err := badArguments(badOwnTag(id), badTagName(name)); err != nil {
		return err
	}
	return c.manageTag(ctx, "/cgi-bin/tags/update", tagBody{ID: number(id), Name: word(name)}, nil)
}

// DeleteTag deletes a tag and takes it off all followers. The platform's own tags, 0 to 2, cannot be
// deleted. The platform refuses to delete a tag with more than 100,000 followers (45057): first take
// it off some of them with [Client.Untag].
//
// POST /cgi-bin/tags/delete
func (c *Client) DeleteTag(ctx context.Context, id int) error {
	if err := badArguments(badOwnTag(id)); err != nil {
		return err
	}
	return c.manageTag(ctx, "/cgi-bin/tags/delete", tagBody{ID: number(id)}, nil)
}

func (c *Client) manageTag(ctx context.Context, path string, tag tagBody, out any) error {
	in := struct {
		Tag tagBody `json:"tag"`
	}{tag}
	return c.caller.Call(ctx, http.MethodPost, path, in, out)
}

// TagMembers yields the openids of the followers who have a tag. It begins behind after, reads page by
// page, and has the same errors as [Client.All].
//
// POST /cgi-bin/user/tag/get
func (c *Client) TagMembers(ctx context.Context, id int, after string) iter.Seq2[string, error] {
	bad := joined(badTag(id), badOptional("the openid to begin behind", after))
	return pages(after, bad, func(after string, p *page) error {
		in := struct {
			reading
			ID    int    `json:"tagid"`
			After string `json:"next_openid"`
		}{ID: id, After: after}
		return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/user/tag/get", in, p)
	})
}

// TagsOf returns the ids of the tags that the follower openID has. Nil means none.
//
// POST /cgi-bin/tags/getidlist
func (c *Client) TagsOf(ctx context.Context, openID string) ([]int, error) {
	if err := badArguments(badOpenID(openID)); err != nil {
		return nil, err
	}
	in := struct {
		reading
		OpenID string `json:"openid"`
	}{OpenID: openID}
	var answer struct {
		Tags array[number] `json:"tagid_list"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/tags/getidlist", in, &answer); err != nil {
		return nil, err
	}
	if !answer.Tags.told {
		return nil, oddAnswer("the answer has no list of tags")
	}
	return ints(answer.Tags.items), nil
}

func badTag(id int) string {
	if id < 1 {
		return fmt.Sprintf("the tag id is %d, it must be 1 or more: AddTag and Tags tell it", id)
	}
	return ""
}

func badOwnTag(id int) string {
	if id <= lastSystemTag {
		return fmt.Sprintf("the tag id is %d, it must be more than %d: the tags 0 to %[2]d are the platform's own", id, lastSystemTag)
	}
	return ""
}

func badTagName(name string) string {
	size := ""
	if n := utf8.RuneCountInString(name); n < 1 || n > maxTagName {
		size = fmt.Sprintf("the tag's name has %d characters, it must have 1 to %d", n, maxTagName)
	}
	return joined(size, badOptional("the tag's name", name))
}
