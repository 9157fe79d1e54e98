package follower

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// infoGroup is how many people one call of user/info/batchget takes (40032).
const infoGroup = 100

// The values of [Info].Source: how a person came to follow the account. WeChat may add others.
const (
	SourceSearch        = "ADD_SCENE_SEARCH"               // found by a search
	SourceMigration     = "ADD_SCENE_ACCOUNT_MIGRATION"    // moved over from another account
	SourceProfileCard   = "ADD_SCENE_PROFILE_CARD"         // a card that was shared
	SourceQRCode        = "ADD_SCENE_QR_CODE"              // scanned a QR code
	SourceProfileLink   = "ADD_SCENE_PROFILE_LINK"         // the account's name in an article
	SourceProfileItem   = "ADD_SCENE_PROFILE_ITEM"         // the menu of an article
	SourcePaid          = "ADD_SCENE_PAID"                 // after a payment
	SourceAdvertisement = "ADD_SCENE_WECHAT_ADVERTISEMENT" // an advertisement in WeChat
	SourceOthers        = "ADD_SCENE_OTHERS"               // none of these
)

// Info is what WeChat says about a person (用户基本信息).
type Info struct {
	// OpenID is the openid that was asked for.
	OpenID string
	// Following reports whether the person follows the account (subscribe). If not, WeChat says nothing
	// else, and the other fields are zero.
	Following bool
	// Since is when the person last followed the account (subscribe_time), to the second.
	Since time.Time
	// UnionID is the same for all accounts that are bound to one open-platform account (微信开放平台).
	// It is empty if the account is bound to none.
	UnionID string
	// Remark is the account's name for the person; see [Client.SetRemark].
	Remark string
	// Tags are the ids of the person's tags (tagid_list). Nil: none.
	Tags []int
	// Source is how the person came (subscribe_scene), such as [SourceQRCode]. WeChat may add other values.
	Source string
	// Scene is the scene of the QR code by which the person followed (qr_scene or qr_scene_str), as
	// callback.SubscribeEvent.Scene returns it: a number in decimal. It is empty if there was no such code.
	Scene string
	// Language is the language of the person's WeChat, such as zh_CN. It is often empty: the
	// platform documents it as no longer provided.
	Language string
}

// infoAnswer is an Info as it comes.
type infoAnswer struct {
	Subscribe subscribed    `json:"subscribe"`
	OpenID    word          `json:"openid"`
	Language  word          `json:"language"`
	Since     number        `json:"subscribe_time"`
	UnionID   word          `json:"unionid"`
	Remark    word          `json:"remark"`
	Tags      array[number] `json:"tagid_list"`
	Source    word          `json:"subscribe_scene"`
	Scene     word          `json:"qr_scene"`
	SceneText word          `json:"qr_scene_str"`
}

// subscribed is whether a person follows. Null and a blank text do not tell.
type subscribed struct{ told, yes bool }

// UnmarshalJSON reads it.
func (s *subscribed) UnmarshalJSON(b []byte) error {
	var n number
	err := n.UnmarshalJSON(b)
	blank := len(bytes.TrimSpace(bytes.Trim(b, `"`))) == 0 || string(b) == "null"
	*s = subscribed{told: err == nil && !blank, yes: n != 0}
	return err
}

// info returns the Info of openID. An answer that does not say whether the person follows must not
// look like one who has left, whose data is to be deleted.
func (a *infoAnswer) info(openID string) (Info, error) {
	switch {
	case !a.Subscribe.told:
		return Info{}, oddAnswer("the answer does not say whether the person follows the account")
	case !a.Subscribe.yes:
		return Info{OpenID: openID}, nil
	}
	scene := string(a.SceneText)
	if scene == "" && a.Scene != "0" {
		scene = string(a.Scene)
	}
	return Info{
		OpenID: openID, Following: true, Since: a.Since.time(), UnionID: string(a.UnionID), Remark: string(a.Remark),
		Tags: ints(a.Tags.items), Source: string(a.Source), Scene: scene, Language: string(a.Language),
	}, nil
}

// Info returns the info of the person openID. If the person has left the account, Following is false and
// the error is nil. If the openid belongs to another account, the error is 40003, of the kind
// KindRecipient.
//
// GET /cgi-bin/user/info
func (c *Client) Info(ctx context.Context, openID string, opts ...Option) (Info, error) {
	set, err := configure(opts)
	if err != nil {
		return Info{}, err
	}
	if err := badArguments(badOpenID(openID)); err != nil {
		return Info{}, err
	}
	path := "/cgi-bin/user/info?openid=" + url.QueryEscape(openID)
	if set.language != "" {
		path += "&lang=" + set.language
	}
	var answer infoAnswer
	if err := c.caller.Call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return Info{}, err
	}
	if answer.OpenID != "" && string(answer.OpenID) != openID {
		return Info{}, oddAnswer("the answer is about another person")
	}
	return answer.info(openID)
}

// InfoResult is the result for one person.
type InfoResult struct {
	OpenID string // as it was given
	// Info is valid when Err is nil.
	Info Info
	// Err is why there is no Info.
	Err error
}

// InfoAll yields one [InfoResult] for each openid that openids yields, in the same order. openids may be
// [Client.All], [Client.TagMembers] or [OpenIDs]. A nil openids is an empty sequence. Nothing happens
// until the result is ranged over. When the loop ends, InfoAll makes no more calls.
//
// One call asks for a hundred people. If one openid belongs to another account, WeChat refuses the whole
// hundred with 40003. InfoAll then halves the hundred until it has found each such openid, and only
// these get the error. This takes up to 14 more calls for one of them, and 198 for a hundred.
//
// An openid that is empty or cannot be sent gets [ErrInvalidArgument]. An error that openids yields becomes
// an InfoResult with that error, and InfoAll goes on. An error that is not about an openid, such as a
// used-up quota or an ended context, ends InfoAll: the openids of that hundred that have no info yet get
// this error, and no more openids are pulled. An entry of an answer that cannot be read is an error of that
// person alone.
//
// POST /cgi-bin/user/info/batchget
func (c *Client) InfoAll(ctx context.Context, openids iter.Seq2[string, error], opts ...Option) iter.Seq[InfoResult] {
	set, err := configure(opts)
	return func(yield func(InfoResult) bool) {
		if err != nil {
			yield(InfoResult{Err: err})
			return
		}
		ask := func(group []string) (map[string]entry[infoAnswer], error) {
			return c.infoGroup(ctx, group, set.language)
		}
		lookUp(openids, infoGroup, ask, func(openID string, found entry[infoAnswer], err error) bool {
			r := InfoResult{OpenID: openID, Err: cmp.Or(err, found.err)}
			if r.Err == nil {
				r.Info, r.Err = found.is.info(openID)
			}
			return yield(r)
		})
	}
}

// infoGroup asks for up to a hundred people.
func (c *Client) infoGroup(ctx context.Context, group []string, language string) (map[string]entry[infoAnswer], error) {
	type user struct {
		OpenID   string `json:"openid"`
		Language string `json:"lang,omitempty"`
	}
	in := struct {
		reading
		Users []user `json:"user_list"`
	}{}
	for _, id := range group {
		in.Users = append(in.Users, user{id, language})
	}
	var answer struct {
		List []entry[infoAnswer] `json:"user_info_list"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/user/info/batchget", in, &answer); err != nil {
		return nil, err
	}
	return byOpenID(answer.List), nil // they come in no promised order
}
