package account

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// A tracer around the transport sees each call, and no token, secret, code or openid of any.
func TestSpansHoldNoSecret(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Follow("oParent")
	id := s.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	client := s.Client(wechat.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(provider))
	}))
	_, err := client.Template.Send(t.Context(), template.Message{To: "oParent", TemplateID: id, Data: template.Data{"thing1": {Value: "张三"}}})
	require.NoError(t, err)
	_, err = client.WebAuthOpenID(t.Context(), "CODE0123456789")
	require.Error(t, err, "there is no such code")
	token, err := client.Token.Get(t.Context())
	require.NoError(t, err)
	ended := spans.Ended()
	assert.GreaterOrEqual(t, len(ended), 3, "the token, the message, the code")
	for _, span := range ended {
		text := span.Name() + fmt.Sprint(span.Attributes(), span.Events(), span.Status())
		assert.True(t, strings.Contains(text, "http"), text)
		for _, secret := range []string{token, s.AppSecret, "CODE0123456789", "oParent", "access_token=", "secret=", "code=", "张三"} {
			assert.NotContains(t, text, secret)
		}
	}
}
