package menu

import (
	"context"
	"net/http"
	"strconv"
)

// created is a menu on its way.
type created struct {
	Buttons []Button `json:"button"`
}

// Repeatable reports that the second of two such calls changes nothing.
func (created) Repeatable() bool { return true }

// Create makes buttons the menu that everybody sees, in place of the one before. Conditional menus
// stay as they are. 1,000 calls a day.
//
// Buttons that the platform cannot take are an [*InvalidError] with all faults at once: it takes 1 to
// [MaxButtons] buttons, each of which has a Type with its fields, or 1 to [MaxSubButtons] SubButtons.
//
// POST /cgi-bin/menu/create
func (c *Client) Create(ctx context.Context, buttons []Button) error {
	var check checker
	check.menu(buttons)
	if err := check.err(); err != nil {
		return err
	}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/menu/create", created{buttons}, nil)
}

// Get returns the menus that were made by the API, the conditional ones with their rules. If the account
// has none, the error has the code 46003. For menus made in the console see [Client.Current].
// 10,000 calls a day.
//
// GET /cgi-bin/menu/get
func (c *Client) Get(ctx context.Context) (Menus, error) {
	var out struct {
		Menu        *wireMenu      `json:"menu"`
		Conditional list[wireMenu] `json:"conditionalmenu"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/menu/get", nil, &out); err != nil {
		return Menus{}, err
	}
	if out.Menu == nil && out.Conditional == nil {
		return Menus{}, oddAnswer("the answer holds no menu")
	}
	var all Menus
	if out.Menu != nil {
		all.Default = Menu{string(out.Menu.ID), out.Menu.buttons()}
	}
	for _, m := range out.Conditional {
		all.Conditional = append(all.Conditional, Conditional{string(m.ID), m.Rule.rule(), m.buttons()})
	}
	return all, nil
}

// Delete removes the default menu and all conditional ones. 1,000 calls a day.
//
// GET /cgi-bin/menu/delete
func (c *Client) Delete(ctx context.Context) error {
	return c.caller.Call(ctx, http.MethodGet, "/cgi-bin/menu/delete", nil, nil)
}

// Current returns the menu that is in use, whether it was made by the API or in the console
// (公众平台官网), without conditional menus.
//
// GET /cgi-bin/get_current_selfmenu_info
func (c *Client) Current(ctx context.Context) (Current, error) {
	var out struct {
		Open *number `json:"is_menu_open"`
		Info struct {
			Buttons list[wireButton] `json:"button"`
		} `json:"selfmenu_info"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/get_current_selfmenu_info", nil, &out); err != nil {
		return Current{}, err
	}
	if out.Open == nil {
		return Current{}, oddAnswer("the answer does not say whether the menu is open")
	}
	return Current{*out.Open != 0, buttonsOf(out.Info.Buttons)}, nil
}

// AddConditional adds a menu for the followers whom r fits (个性化菜单), and returns its id. There must
// be a default menu (65303). A follower sees the newest menu whose rule fits. No call changes such a
// menu: delete it and add another. Verified accounts only. 2,000 calls a day.
//
// Buttons and rules that the platform cannot take are an [*InvalidError] with all faults at once, as
// for [Client.Create]. The View buttons of all conditional menus together may lead to
// [MaxLinkDomains] hosts.
//
// After a lost answer the call is not retried, since the menu might exist twice. [Client.Get] shows
// whether it was made.
//
// POST /cgi-bin/menu/addconditional
func (c *Client) AddConditional(ctx context.Context, buttons []Button, r Rule) (id string, err error) {
	var check checker
	check.menu(buttons)
	check.conditional(r)
	if err := check.err(); err != nil {
		return "", err
	}
	in := struct {
		Buttons []Button  `json:"button"`
		Rule    matchRule `json:"matchrule"`
	}{buttons, matchRule{TagID: decimal(r.TagID), Platform: decimal(int64(r.Platform))}}
	var out struct {
		ID word `json:"menuid"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/menu/addconditional", in, &out); err != nil {
		return "", err
	}
	if out.ID == "" || out.ID == "0" {
		return "", oddAnswer("the answer holds no menuid")
	}
	return string(out.ID), nil
}

// matchRule is a rule on its way: the platform wants both as strings.
type matchRule struct {
	TagID    string `json:"tag_id,omitempty"`
	Platform string `json:"client_platform_type,omitempty"`
}

// decimal returns n, and nothing for 0.
func decimal(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// DeleteConditional removes a conditional menu by its id. If there is no such menu, the error has the
// code 65301. 2,000 calls a day.
//
// POST /cgi-bin/menu/delconditional
func (c *Client) DeleteConditional(ctx context.Context, id string) error {
	if id == "" {
		return badArgument("the id of the conditional menu is empty; AddConditional and Get return it")
	}
	if reason := unwritable(id); reason != "" {
		return badArgument("the id of the conditional menu " + reason)
	}
	in := struct {
		ID string `json:"menuid"`
	}{id}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/menu/delconditional", in, nil)
}

// tried asks for a menu.
type tried struct {
	User string `json:"user_id"`
}

// Repeatable reports that the call changes nothing.
func (tried) Repeatable() bool { return true }

// ReadOnly reports it too: the answer counts as a GET's.
func (tried) ReadOnly() bool { return true }

// Try returns the buttons that a person sees, by their openid or WeChat name (微信号). If the person is
// unknown, the error has the code 65302; if they do not follow the account, 65315.
// 20,000 calls a day.
//
// POST /cgi-bin/menu/trymatch
func (c *Client) Try(ctx context.Context, user string) ([]Button, error) {
	if user == "" {
		return nil, badArgument("the follower is empty: give an openid or a WeChat name")
	}
	if reason := unwritable(user); reason != "" {
		return nil, badArgument("the openid or WeChat name " + reason)
	}
	var out struct {
		Buttons *list[wireButton] `json:"button"`
		Menu    *wireMenu         `json:"menu"` // some answers have it around the buttons
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/menu/trymatch", tried{user}, &out); err != nil {
		return nil, err
	}
	switch {
	case out.Buttons != nil:
		return buttonsOf(*out.Buttons), nil
	case out.Menu != nil:
		return out.Menu.buttons(), nil
	}
	return nil, oddAnswer("the answer holds no buttons")
}
