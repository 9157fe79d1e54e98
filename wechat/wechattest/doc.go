// Package wechattest provides a strict simulated WeChat, for tests of
// programs that push messages, in the manner of net/http/httptest.
//
//	s := wechattest.New(t)
//	s.Follow("oParent")
//	id := s.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
//	client := s.Client()
//	// ... send with client, then look at s.Accepted()
//
// The server speaks HTTP as WeChat does and refuses what WeChat refuses, so
// that what passes here has a chance there. Nothing is there at first: nobody
// follows the account, and it has no template. A test says what goes wrong
// with [Server.Fail], [Server.FaultFunc] and [Account.ExpireTokens], drives
// the clock with [Server.Advance] or [WithClock], sets quotas, and serves
// with [Server.Handle] what is not simulated.
//
// Simulated are the paths /cgi-bin/token, stable_token,
// message/template/send, template/get_all_private_template,
// template/api_add_template, template/del_private_template,
// template/api_set_industry, template/get_industry, clear_quota,
// clear_quota/v2, openapi/quota/clear, openapi/quota/get, openapi/rid/get,
// get_api_domain_ip, getcallbackip and callback/check. Other paths are
// answered 404.
//
// # What is exact and what is a guess
//
// These rules are WeChat's as documented or seen by several people:
//   - a chunked body is answered 412 with an empty body
//   - 43001 and 43002 for the wrong method; 47001 for a body that is no JSON
//   - 41001, 40014, 42001 and 40001 for an access_token that is missing, was
//     never issued, has expired, or was replaced; 40013, 40125, 40002, 41002
//     and 41004 for wrong credentials
//   - each classic token retires the one before, which works for 5 more
//     minutes; stable_token gives the same token until 5 minutes before its
//     end, and never touches the classic one; a forced refresh ends the token
//     at once and is granted 20 times a day, 30 s apart
//   - 40003, 43004, 40037, 47003 with the keyword's name, and the rules for
//     the values of category templates; first and remark may be there or not
//   - one message per openid and client_msg_id within 10 minutes
//   - " rid: ..." after each error's text; no errcode in the successes of
//     the token calls, get_all_private_template, get_industry,
//     get_api_domain_ip, getcallbackip and callback/check
//   - 10 calls of clear_quota and clear_quota/v2 a month, 50 of
//     openapi/quota/clear, one of api_set_industry
//
// These are guesses, made so that a mistake shows:
//   - a POST without a Content-Length is answered 412 as well
//   - a \u escape is 47002 (U+2028 and U+2029 pass, as Go's encoder always
//     escapes them), bytes that are not UTF-8 are 40033, a JSON value of the
//     wrong type is 47001, the case of keys counts
//   - the order of checks: JSON, openid, url, mini program, client_msg_id,
//     template, values, follower
//   - a repeated client_msg_id is answered with errcode 0 and the msgid of
//     the first; its content may differ; more than 64 bytes are 45067
//   - a value for a keyword that the template does not have is 47003, and so
//     is one without value for an old industry template; a value with a line
//     break, another control character or :// is 47003; emoji are dropped
//     before a value is measured; names have no digits; dates may also be
//     written 2019-10-01, 2019/10/1 or 2019.10.1
//   - a url of more than 2,048 bytes is 40039, one that is not http or https
//     is 45051; a mini program's appid that is no AppID is 40166, but whether
//     it is linked is not asked; an empty miniprogram is none
//   - a follower who rejects messages is 48002
//   - quotas count calls, also refused ones and repeated ones, once the
//     token is accepted; they begin anew at midnight in Beijing; minutes are
//     those of the clock; a forced refresh too many is 45009, one too early
//     45011
//   - the secret of another account is 40001
//   - get_industry before an industry was set is 40102; a month is a calendar
//     month in Beijing; an unknown template_id_short is 40037
//   - get_all_private_template, get_industry, get_api_domain_ip and
//     getcallbackip answer as text/plain
//   - the path of an unknown call is looked at before its token: 404
//
// Not simulated: TLS (43003), the IP allow list (40164) and whatever an
// administrator does; [Server.Fail] can answer with any code.
//
// # Concurrency and memory
//
// All methods may be called at any time and from several goroutines. A server
// remembers 1,000 accepted messages ([WithHistory]), 1,000 refused requests,
// 10,000 tokens, and the client_msg_ids of the last 10 minutes: 80 MB for a
// million. With more than a million in 10 minutes the oldest are forgotten
// early, but the last million never, and the memory stays under 160 MB. It is
// given up in bulk, by the first message 10 to 20 minutes later.
//
// # Errors
//
// Mistakes in a test's own set-up panic, as those of httptest do: an option
// that is nonsense, an account that exists already, a template without
// keywords. What the server answers reaches a client as a
// [*github.com/org/wxhome/wechat.Error].
package wechattest
