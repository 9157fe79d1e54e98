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
// follows the account, it has no template and nobody may be answered. A test
// says what followers do with [Account.Interact], [Account.Agree] and
// [Account.Subscribe], what goes wrong
// with [Server.Fail], [Server.FaultFunc] and [Account.ExpireTokens], drives
// the clock with [Server.Advance] or [WithClock], sets quotas, and serves
// with [Server.Handle] what is not simulated.
//
// It plays the other side too: [Account.SetCallback] says where the account
// has its callback, at which path and in which mode, [Account.Push] pushes what
// a follower writes or does, [Account.Scan] has a QR code scanned that was made,
// and [Account.SendReceipts] has template messages receipted.
//
// Simulated are the paths /cgi-bin/token, stable_token,
// message/template/send, template/get_all_private_template,
// template/api_add_template, template/del_private_template,
// template/api_set_industry, template/get_industry, clear_quota,
// clear_quota/v2, openapi/quota/clear, openapi/quota/get, openapi/rid/get,
// get_api_domain_ip, getcallbackip, callback/check, message/custom/send and
// typing, menu/create, get, delete, addconditional, delconditional and trymatch,
// get_current_selfmenu_info, ticket/getticket, customservice/getkflist and
// getonlinekflist, message/template/subscribe, message/subscribe/bizsend,
// media/upload, media/get, media/get/jssdk and media/uploadimg, and
// material/add_material, get_material, del_material, get_materialcount and
// batchget_material; all of /customservice/kfaccount, kfsession and
// msgrecord; of /wxaapi/newtmpl getcategory, getpubtemplatetitles,
// getpubtemplatekeywords, addtemplate, gettemplate and deltemplate; and
// /wxa/sec/queryblocktmplmsg; user/get, user/info, user/info/batchget and
// updateremark, changeopenid, tags/create, get, update, delete and getidlist,
// user/tag/get, and of tags/members batchtagging, batchuntagging, getblacklist,
// batchblacklist and batchunblacklist; qrcode/create, showqrcode, shorten/gen
// and shorten/fetch; and of web authorization (网页授权)
// /connect/oauth2/authorize, /sns/oauth2/access_token,
// /sns/oauth2/component/access_token, /sns/oauth2/refresh_token, /sns/userinfo
// and /sns/auth; and of third-party platforms (第三方平台)
// /cgi-bin/component/api_component_token, api_start_push_ticket,
// api_create_preauthcode, api_query_auth, api_authorizer_token and
// api_get_authorizer_list, see [Server.AddPlatform]; and of articles and mass
// messages (群发) /cgi-bin/draft/add, update, get, delete, count and batchget,
// /cgi-bin/freepublish/submit, get, getarticle, batchget and delete, and all of
// /cgi-bin/message/mass. Other paths are answered 404.
// [Server.Uploads] tells what was uploaded, and [Account.AddMedia] is what a
// follower has sent. [Account.Tap] has a follower tap a button of the menu,
// and [Account.WXConfig] does what wx.config does on a page.
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
//   - the order of the authorize page's parameters, the registered host of its
//     redirect_uri, and WeChat's own browser ([UserAgent]); a code is good once (40163) and for 5 minutes (40029)
//   - a visitor's token works for 7,200 s (42001), for its own openid (40003), and
//     for userinfo with the scope snsapi_userinfo alone (48001); a refresh token
//     works for 30 days (42002); openid, name and picture of a snapshot visitor
//     are virtual
//   - menus: 1 to 3 buttons (40016), 1 to 5 below one (40023), two levels, names of 16
//     and 60 bytes, keys of 128, urls of 1,024, with the codes 40017 to 40027 by
//     level; a conditional menu needs a default one (65303), a rule by tag or
//     platform (65304, 65320), and 3 hosts at most over all (65316); the newest
//     that fits is seen; delete ends them all
//   - the signature of a page is made with a ticket that works, over its address
//     without the fragment, and its host is one of [Account.SetJSDomain]
//   - a component_verify_ticket lives for 12 hours (61005) and no other is
//     taken (61006); a platform's token is 42006 after its end and 41021 where
//     it is missing, an unknown platform 61011; a pre_auth_code serves once and
//     for 10 minutes; 61003 for an account that has withdrawn, 61023 for a
//     refresh token that is not its newest; a new authorization changes the
//     refresh token; the platform's pushes are in safe mode and XML, with its
//     AppId outside
//   - a draft's update takes an object, its index begins at 0; titles of 32
//     characters, authors of 16, digests of 120, content of less than 20,000
//     and 1 MB (45002); 40007 for a cover that is not in the library; a draft
//     leaves the box when it is published or sent; pages of 1 to 20; 53600 for
//     an unknown article; the index of a published one begins at 1, 0 is all
//   - 2 to 10,000 openids for a mass message (40130), 45065 with the first
//     msg_id for a clientmsgid of the last 24 hours, 45028 for the fifth message
//     to all in a month; images for a picture, and image in a preview
//   - an upload without a file name or a closing boundary is 41005, an unknown
//     type 40004, an empty file 44001; successes of uploads, get_material and
//     batchget_material have no errcode
//   - the sizes and formats of each kind, temporary and permanent; a voice
//     has 60 s at most (45007, measured for AMR only); the format is told by
//     the first bytes
//   - a temporary media lives for three days by the server's clock, then it
//     is 40007, as are ids of other accounts; thumbs have a thumb_media_id;
//     created_at is a number
//   - a video comes down as its video_url, other media as an attachment with
//     their type; what is wrong with a download is JSON as text/plain; files
//     of the library come as text/plain without a name
//   - the library holds 100,000 images and articles and 1,000 of each other
//     kind, beyond which is 45034; pages of 1 to 20; only images have a url
//   - 10 calls of clear_quota and clear_quota/v2 a month, 50 of
//     openapi/quota/clear, one of api_set_industry
//   - the window for customer-service messages: 5 within 48 hours of a
//     follower's message, 3 within a minute of a tap on the menu, of following
//     and of a scan, any number within 48 hours of a payment ([WithWindow]);
//     45015 outside, 45047 when they are used up, 45015 for who has left
//   - 40008, 45162 for link, 44004, 40007 for a media_id that is missing, unknown or expired, 44003, 45008
//     for more than one article, 65401 for an unknown agent
//   - the typing state: 45072, 45080 without a message in either direction
//     within 30 s, 45081; it lasts 15 s and ends with any message
//   - agents: 100 at most, names and nicknames by their limits, 65401 to
//     65408, 65411 to 65414; 41005 for a picture without filename; a list of
//     who waits that is shorter than its count
//   - records of 24 hours at most, 10,000 at a time
//   - one message for each consent to a one-time subscription, which do not
//     add up; 43101 without one, 40062 for a title of more than 15 characters;
//     neither that nor a notification needs a follower
//   - one notification for each consent, any number with a long-term template;
//     43101, 40037, 41030, 47003
//   - the subscription library: 30 titles at a time, 2 to 5 keywords, 15
//     characters for the scene, 200012 to 200022
//   - a push is signed, hung up on after 5 s and repeated; three deliveries in
//     all, at 0, 5 and 10 s; a reply must be encrypted in the safe mode and
//     must not be in the plain one; success and an empty body are replies in
//     every mode
//   - pushes of WeChat Cloud Run ([CloudRun]) have neither signature, timestamp,
//     nonce nor encryption, and are probed by POST
//   - control characters that a follower typed stand in the XML of a push as
//     they are; the ids of a message come behind its text, the ciphertext of
//     the compatible mode behind all
//   - one article in a reply to a message, 8 to an event
//   - followers are listed in the order of follows, 10,000 at a time, the
//     blacklist 1,000; the last page ends with its last openid, and behind it
//     comes one without data; who has left has subscribe 0 and nothing else;
//     nickname, picture and region are empty
//   - 40003 for an openid of another account, which fails a whole call of
//     batchget and of batchtagging; 100, 50 and 20 openids in a call, 40032
//     beyond; a remark has fewer than 30 bytes (40092)
//   - 100 tags (45056), names of 30 characters (45158) that no other tag has
//     (45157), 20 tags on one follower (45059), the platform's own tags 0 to 2
//     (45058), an unknown tag (45159), a tag of more than 100,000 followers
//     (45057); 45171 with fail_openid_list
//   - codes live up to 30 days, without expire_seconds for 60 s; scenes of 1 to
//     64 characters (40053), numbers of 32 bit and for permanent codes up to
//     100,000; 100,000 permanent codes (45029); 40052; a ticket must be escaped
//   - short keys stand for 4 KB (9410010) and 30 days (9410011); 9410012
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
//   - what the authorize page shows a visitor is a page with status 400; a
//     state is required; everybody agrees to snsapi_userinfo at once; the
//     fragment #wechat_redirect is not asked for, since no server sees it
//   - MB and KB are powers of two; a file too large is 40009 to 40012 by its
//     kind, and an article's image 40009; from 32 MB on the answer is 413
//   - a format that a kind does not take is 40005, an extension that is not
//     that of the format 40113; a boundary in quotes (some stacks take it), a
//     file name that is not plain ASCII, and a part without a Content-Type
//     are 41005
//   - a permanent video without a description is 47001, without a title
//     40062; offset and count out of range are 40097
//   - temporary and permanent ids do not serve for each other's calls: 40007,
//     as is a voice without a high-definition copy; the list is newest first,
//     and a deleted media's URL is 404
//   - URLs lead to this server, and need no token
//   - the order of an upload's checks: type, form, empty, size, format,
//     extension, length, description, cap
//   - ]]> in what a follower typed is not split, and whatever else ends up in
//     an XML push is written in the same way
//   - pushes of Cloud Run have no openid in the query, and wx_http in the header
//     X-WX-SOURCE; those in JSON of any mode have the type application/json
//   - the repeats of a push have the same signature; a status other than 200
//     and a connection that breaks are repeated at the same times as a
//     delivery without an answer, a reply that cannot be read is not
//     ([Callback] has fields for some of this)
//   - a reply's text of more than 2,048 bytes, a CreateTime in milliseconds,
//     an ArticleCount that is wrong and whatever stands behind the XML are
//     refused
//   - the path of an unknown call is looked at before its token: 404
//   - every message of a follower opens their window anew; a message is taken
//     out of the window that ends first; who interacts follows the account, but
//     a push of somebody who has left it is an error
//   - a text has 2,048 bytes at most (45002); of a link in it the href, the
//     closing tag, the label and the mini program's AppID are looked at
//     (40213, 40214, 45086); of which kind a media_id is, and whether a card or an
//     article exists, is not asked, but an empty id of a card, an article or a
//     menu item is 40097
//   - the order of checks of a customer-service message: JSON, openid, content,
//     agent, follower, window; a refused one leaves the window alone
//   - an invitation is open for 24 hours; a session needs an agent who is bound
//     (65402) and online (61459), and a follower; getsession without a session
//     answers an empty kf_account; a head image that is no JPEG is 40005; what
//     stands behind the @ of an agent's account is not compared
//   - batchget answers in the reverse order; a lang that is none is 40097; an
//     openid to begin behind that never followed is 40003; the list of followers
//     has who is on the blacklist
//   - who leaves loses tags and remark; who has left is 45171 for a tag, 50005
//     for getidlist, 43004 for a remark and 49003 for the blacklist; 45169 is
//     never answered; a user/tag/get has 10,000 at a time
//   - who is taken off the blacklist follows, also who rejected messages before
//   - changeopenid answers 40013 for an account of which nobody was moved
//     ([Account.MoveFrom]), and "ori_openid error" for an openid of nobody
//   - a number out of range is 40129, expire_seconds out of range 40097; a
//     permanent code that is made again is the same; a text scene is measured for
//     temporary codes too; a code that has expired cannot be scanned, and its
//     picture is 404; the picture cannot be scanned by a telephone
//   - empty long_data is 40097
//   - a page of records ends with the id of the next; 65416 and 65417 for a bad
//     query and a longer span are from older pages
//   - sub_button goes before a type; a url that is not http or https is 40054,
//     40055 or 65317, an empty media_id 40117 or 40118, an empty article_id 40097,
//     a mini program without a pagepath 40165; whether media, articles, mini
//     programs and tags exist is not asked; a platform that is none of the three
//     is 40097; VIEW tells the menuid of the default menu too; WeChat names are
//     not known to trymatch
//   - a new ticket of the JS-SDK ends the one before after 5 minutes, of each type
//     by itself; another type is 40097; an account that a third-party platform
//     runs is refused with 61007; a host must be registered as it is
//   - a refresh gives a new refresh token, and the one before works for 5 more
//     minutes; lang changes nothing; tokens are looked for over all accounts, and
//     an unknown one is 40014; what a visitor has withdrawn ([Account.Withdraw])
//     is 50001
//   - an account has 25 subscription templates at most; an unknown priTmplId is
//     200014; a bad scene is 40097, bad content of a one-time message 47003, a
//     bad query for blocked messages 40097; these come as an array; a repeated
//     client_msg_id of a notification is sent again; bizsend answers a msgid
//   - a platform's new token lets the one before work for 5 more minutes, and so
//     do an account's new authorizer_access_token and a changed refresh token;
//     an authorization code lives for an hour and is 61009 when it is used; what
//     a platform has fetched for an account that withdraws is 61003 to the end;
//     the list of accounts has pages of 1 to 500 (40097); every owner grants the
//     permission sets 1, 7 and 11
//   - a draft has 8 articles at most (45008); 45003, 45004 and 40192 for what is
//     too long, 45166 for what else is wrong, such as a picture that is not
//     from media/uploadimg; a publication and a mass message are under way for
//     5 s; no event tells their end; an unknown publish_id or msg_id is 40097;
//     whether a tag exists and who has had four mass messages is not asked
//
// Not simulated: TLS (43003), the IP allow list (40164), accounts without the
// permission for customer service (48001, 65400), the unpublished limits of a
// menu message (45098, 45099), and whatever an administrator does;
// [Server.Fail] can answer with any code.
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
// QR codes and short keys are kept until the server is closed.
//
// Files are kept in memory: temporary ones until an upload three days later,
// permanent ones until they are deleted, and the 1,000 last that
// [Server.Uploads] tells.
//
// # Errors
//
// Mistakes in a test's own set-up panic, as those of httptest do: an option
// that is nonsense, an account that exists already, a template without
// keywords. What the server answers reaches a client as a
// [*github.com/org/wxhome/wechat.Error].
package wechattest
