package wechattest

import "maps"

// newErrmsgs returns the texts that go with the errcodes. Those of 40243 and
// of 76001 to 76022 are made up.
func newErrmsgs() map[int]string {
	texts := map[int]string{
		-1:    "system error",
		40001: "invalid credential, access_token is invalid or not latest",
		40002: "invalid grant_type",
		40003: "invalid openid",
		40007: "invalid media_id",
		40013: "invalid appid",
		40014: "invalid access_token",
		40029: "invalid code",
		40030: "invalid refresh_token",
		40033: `invalid charset. please check your request, if include \uxxxx will create fail!`,
		40036: "invalid template_id size",
		40037: "invalid template_id",
		40039: "invalid url size",
		40102: "invalid industry id",
		40125: "invalid appsecret",
		40163: "code been used",
		40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
		40166: "invalid weapp appid",
		40202: "invalid action",
		40203: "invalid check_operator",
		40243: "appsecret is frozen",
		40246: "invalid keyword_name_list",
		41001: "access_token missing",
		41002: "appid missing",
		41003: "missing refresh_token",
		41004: "appsecret missing",
		41008: "missing code",
		41009: "missing openid",
		42001: "access_token expired",
		42002: "refresh_token expired",
		43001: "require GET method",
		43002: "require POST method",
		43004: "require subscribe",
		43019: "require remove blacklist",
		43100: "change template too frequently",
		45009: "reach max api daily quota limit",
		45011: "api minute-quota reach limit, must slower, retry next minute",
		45026: "template num exceeds limit",
		45051: "template msg use invalid link",
		45067: "clientmsgid size out of limit",
		47001: "data format error",
		47002: "data format error, do NOT use json unicode encode (\\uxxxx), please use utf8 encoded text",
		47003: "argument invalid!",
		48001: "api unauthorized",
		48002: "user block receive message",
		48004: "api forbidden for irregularities",
		48006: "forbid to clear quota because of reaching the limit",
		50001: "api unauthorized or user unauthorized",
		50002: "user limited",
		61003: "component is not authorized by this account",
		61007: "api is unauthorized to component",
		76001: "rid not found",
		76002: "rid is malformed",
		76003: "rid does not belong to this account",
		76004: "rid is older than 7 days",
		76021: "cgi_path not found",
		76022: "no permission for this cgi_path",
	}
	maps.Copy(texts, mediaErrmsgs())
	maps.Copy(texts, followerErrmsgs())
	maps.Copy(texts, menuErrmsgs())
	return texts
}

func mediaErrmsgs() map[int]string {
	return map[int]string{
		40004: "invalid media type",
		40005: "invalid file type",
		40009: "invalid image size",
		40010: "invalid voice size",
		40011: "invalid video size",
		40012: "invalid thumb size",
		40062: "invalid title size",
		40097: "invalid args",
		40113: "unsupported file type",
		41005: "media data missing",
		41006: "media_id missing",
		44001: "empty media data",
		45007: "playtime out of limit",
		45034: "media count out of limit",
	}
}

func menuErrmsgs() map[int]string {
	return map[int]string{
		40016: "invalid button size",
		40017: "invalid button type",
		40018: "invalid button name size",
		40019: "invalid button key size",
		40020: "invalid button url size",
		40022: "invalid sub_menu level",
		40023: "invalid sub button size",
		40024: "invalid sub button type",
		40025: "invalid sub button name size",
		40026: "invalid sub button key size",
		40027: "invalid sub button url size",
		40054: "invalid sub button url domain",
		40055: "invalid button url domain",
		40117: "invalid button media_id size",
		40118: "invalid sub button media_id size",
		46003: "menu no exist",
		65301: "not a conditional menu",
		65302: "no such user",
		65303: "there is no selfmenu, please create selfmenu first",
		65304: "match rule empty",
		65307: "conditional menu is empty",
		65308: "exist empty button act",
		65315: "not fans",
		65316: "domain count reach limit",
		65317: "contain invalid url",
		65320: "match rule violates privacy",
	}
}
