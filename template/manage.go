package template

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

// Template is one of the account's templates (我的模板).
type Template struct {
	// ID is what a [Message] names as its TemplateID.
	ID string `json:"template_id"`
	// Title heads the card.
	Title string `json:"title"`
	// PrimaryIndustry and DeputyIndustry are empty for a category template (类目模板).
	PrimaryIndustry string `json:"primary_industry"`
	DeputyIndustry  string `json:"deputy_industry"`
	// Content is labels and {{keyword.DATA}}; see [Template.Keywords].
	Content string `json:"content"`
	// Example is Content with values that the platform made up.
	Example string `json:"example"`
}

// List returns the account's templates (我的模板). The platform is said to leave some category
// templates out: absence proves nothing.
//
// GET /cgi-bin/template/get_all_private_template
func (c *Client) List(ctx context.Context) ([]Template, error) {
	var answer struct {
		List array[Template] `json:"template_list"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/template/get_all_private_template", nil, &answer); err != nil {
		return nil, err
	}
	if !answer.List.told {
		return nil, &oddError{"the answer has no list of templates"}
	}
	return answer.List.items, nil
}

// Add takes a template of the library into the account and returns its id. shortID is such as
// TM00015 or, in the category library, digits; keywords picks and orders those of a category
// template and is empty for others. An account has 25 templates at most. After a lost answer,
// ask [Client.List] before adding again: adding is never repeated by itself.
//
// POST /cgi-bin/template/api_add_template
func (c *Client) Add(ctx context.Context, shortID string, keywords ...string) (id string, err error) {
	if shortID == "" {
		return "", badArgument("the library's template id (template_id_short) is empty")
	}
	for _, text := range append([]string{shortID}, keywords...) {
		if reason := unwritable(text); reason != "" {
			return "", badArgument("the library's template id or a keyword " + reason)
		}
	}
	in := struct {
		ShortID  string   `json:"template_id_short"`
		Keywords []string `json:"keyword_name_list,omitempty"`
	}{shortID, keywords}
	var answer struct {
		ID string `json:"template_id"`
	}
	err = c.caller.Call(ctx, http.MethodPost, "/cgi-bin/template/api_add_template", in, &answer)
	return answer.ID, err
}

// Delete removes a template from the account. Messages that name it are refused from then on.
//
// POST /cgi-bin/template/del_private_template
func (c *Client) Delete(ctx context.Context, templateID string) error {
	if err := checkID(templateID); err != nil {
		return err
	}
	in := struct {
		ID string `json:"template_id"`
	}{templateID}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/template/del_private_template", in, nil)
}

// Industry is an industry (行业) as the platform names it.
type Industry struct {
	// FirstClass is the wider one, such as IT科技, of which SecondClass is a part.
	FirstClass  string `json:"first_class"`
	SecondClass string `json:"second_class"`
}

// Industries are the two that an account has chosen (所属行业).
type Industries struct {
	// Primary is the main one (主营行业).
	Primary Industry `json:"primary_industry"`
	// Secondary is the one that a [Template] calls its DeputyIndustry.
	Secondary Industry `json:"secondary_industry"`
}

// Industry returns the account's industries.
//
// GET /cgi-bin/template/get_industry
func (c *Client) Industry(ctx context.Context) (Industries, error) {
	var answer Industries
	err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/template/get_industry", nil, &answer)
	return answer, err
}

// industries is how many the platform's list has.
const industries = 41

// SetIndustry chooses the account's industries by their numbers, 1 to 41. It may be done once
// a month, and deletes the templates of an industry that is given up.
//
// POST /cgi-bin/template/api_set_industry
func (c *Client) SetIndustry(ctx context.Context, primary, secondary int) error {
	for _, n := range []int{primary, secondary} {
		if n < 1 || n > industries {
			return badArgument(fmt.Sprintf("industry %d does not exist, they are numbered 1 to %d", n, industries))
		}
	}
	in := struct {
		Primary   string `json:"industry_id1"`
		Secondary string `json:"industry_id2"`
	}{strconv.Itoa(primary), strconv.Itoa(secondary)}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/template/api_set_industry", in, nil)
}
