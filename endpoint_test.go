package wxhome_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endpoints are the platform's calls that the library serves, one exported name or more each.
// Every other call is one Client.Call away.
var endpoints = []string{
	// tokens
	"GET /cgi-bin/token",
	"POST /cgi-bin/stable_token",
	"POST /cgi-bin/component/api_component_token",
	"POST /cgi-bin/component/api_start_push_ticket",
	"POST /cgi-bin/component/api_create_preauthcode",
	"POST /cgi-bin/component/api_query_auth",
	"POST /cgi-bin/component/api_authorizer_token",
	"POST /cgi-bin/component/api_get_authorizer_list",
	// template messages
	"POST /cgi-bin/message/template/send",
	"GET /cgi-bin/template/get_all_private_template",
	"POST /cgi-bin/template/api_add_template",
	"POST /cgi-bin/template/del_private_template",
	"POST /cgi-bin/template/api_set_industry",
	"GET /cgi-bin/template/get_industry",
	"POST /wxa/sec/queryblocktmplmsg",
	// web authorization
	"GET /sns/oauth2/access_token", "GET /sns/oauth2/component/access_token",
	"GET /sns/oauth2/refresh_token",
	"GET /sns/userinfo",
	"GET /sns/auth",
	// the JS-SDK
	"GET /cgi-bin/ticket/getticket",
	// menus
	"POST /cgi-bin/menu/create",
	"GET /cgi-bin/menu/get",
	"GET /cgi-bin/menu/delete",
	"GET /cgi-bin/get_current_selfmenu_info",
	"POST /cgi-bin/menu/addconditional",
	"POST /cgi-bin/menu/delconditional",
	"POST /cgi-bin/menu/trymatch",
	// subscriptions
	"POST /cgi-bin/message/template/subscribe",
	"POST /cgi-bin/message/subscribe/bizsend",
	"GET /wxaapi/newtmpl/getcategory",
	"GET /wxaapi/newtmpl/getpubtemplatetitles",
	"GET /wxaapi/newtmpl/getpubtemplatekeywords",
	"POST /wxaapi/newtmpl/addtemplate",
	"GET /wxaapi/newtmpl/gettemplate",
	"POST /wxaapi/newtmpl/deltemplate",
	// customer service
	"POST /cgi-bin/message/custom/send",
	"POST /cgi-bin/message/custom/typing",
	"POST /customservice/kfaccount/add",
	"POST /customservice/kfaccount/update",
	"POST /customservice/kfaccount/del",
	"POST /customservice/kfaccount/inviteworker",
	"POST /customservice/kfaccount/uploadheadimg",
	"GET /cgi-bin/customservice/getkflist",
	"GET /cgi-bin/customservice/getonlinekflist",
	"POST /customservice/kfsession/create",
	"POST /customservice/kfsession/close",
	"GET /customservice/kfsession/getsession",
	"GET /customservice/kfsession/getsessionlist",
	"GET /customservice/kfsession/getwaitcase",
	"POST /customservice/msgrecord/getmsglist",
	// media
	"POST /cgi-bin/media/upload",
	"GET /cgi-bin/media/get",
	"GET /cgi-bin/media/get/jssdk",
	"POST /cgi-bin/media/uploadimg",
	"POST /cgi-bin/material/add_material",
	"POST /cgi-bin/material/get_material",
	"POST /cgi-bin/material/del_material",
	"GET /cgi-bin/material/get_materialcount",
	"POST /cgi-bin/material/batchget_material",
	// followers
	"GET /cgi-bin/user/get",
	"GET /cgi-bin/user/info",
	"POST /cgi-bin/user/info/batchget",
	"POST /cgi-bin/user/info/updateremark",
	"POST /cgi-bin/changeopenid",
	"POST /cgi-bin/tags/create",
	"GET /cgi-bin/tags/get",
	"POST /cgi-bin/tags/update",
	"POST /cgi-bin/tags/delete",
	"POST /cgi-bin/tags/getidlist",
	"POST /cgi-bin/user/tag/get",
	"POST /cgi-bin/tags/members/batchtagging",
	"POST /cgi-bin/tags/members/batchuntagging",
	"POST /cgi-bin/tags/members/getblacklist",
	"POST /cgi-bin/tags/members/batchblacklist",
	"POST /cgi-bin/tags/members/batchunblacklist",
	// QR codes and short keys
	"POST /cgi-bin/qrcode/create",
	"POST /cgi-bin/shorten/gen",
	"POST /cgi-bin/shorten/fetch",
	// quotas and housekeeping
	"POST /cgi-bin/clear_quota",
	"POST /cgi-bin/clear_quota/v2",
	"POST /cgi-bin/openapi/quota/clear",
	"POST /cgi-bin/openapi/quota/get",
	"POST /cgi-bin/openapi/rid/get",
	"GET /cgi-bin/get_api_domain_ip",
	"GET /cgi-bin/getcallbackip",
	"POST /cgi-bin/callback/check",
}

// TestEndpoints holds the list against the code: what is in neither or in only one of them shows.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	code, docs := make(map[string]bool), make(map[string]bool)
	for _, dir := range []string{"token", "template", "custom", "media", "callback", "wechat", "wechat/follower", "wechat/scene", "wechat/menu", "wechat/jssdk"} {
		gather(t, dir, code, docs)
	}
	listed := make(map[string]bool)
	for _, endpoint := range endpoints {
		_, path, _ := strings.Cut(endpoint, " ")
		assert.False(t, listed[path], "%s is listed twice", path)
		listed[path] = true
		assert.True(t, docs[endpoint], "no exported name has %q in its comment", endpoint)
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(listed)), slices.Collect(maps.Keys(code)),
		"the paths that are listed, and those that the code calls")
}

// TestEndpointsAreSimulated asks for the simulated WeChat to know what the library calls.
func TestEndpointsAreSimulated(t *testing.T) {
	t.Parallel()
	code := make(map[string]bool)
	gather(t, "wechat/wechattest", code, make(map[string]bool))
	for _, endpoint := range endpoints {
		_, path, _ := strings.Cut(endpoint, " ")
		assert.True(t, code[path], "wechattest does not serve %s", path)
	}
}

var (
	pathLiteral = regexp.MustCompile(`^(/(?:cgi-bin|customservice|wxaapi|wxa|sns)/\w[\w/]*)(?:\?|$)`)
	pathInDoc   = regexp.MustCompile(`(?:GET|POST) /(?:cgi-bin|customservice|wxaapi|wxa|sns)/\w[\w/]*`)
)

// gather adds to code the paths in the string literals of dir outside of tests, and to docs the
// methods and paths that the comments of its exported declarations name.
func gather(t *testing.T, dir string, code, docs map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				value, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				if m := pathLiteral.FindStringSubmatch(value); m != nil {
					code[m[1]] = true
				}
			}
			return true
		})
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			comment := strings.Join(strings.Fields(f.Doc.Text()), " ")
			for _, endpoint := range pathInDoc.FindAllString(comment, -1) {
				docs[endpoint] = true
			}
		}
	}
}
