package push

import (
	"errors"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/wechat"
)

// IsSilent reports that a push has ended, or has not begun, because its database gave no answer or
// the connection that holds its lock is lost. The same push may go on later; what it had in its
// hands is taken up then.
func IsSilent(err error) bool {
	if _, stopped := errors.AsType[*StopError](err); stopped {
		return false
	}
	if _, other := errors.AsType[*wechat.Error](err); other {
		return false // a failure of WeChat's may hold one of the network too
	}
	return errors.Is(err, errLockLost) || db.IsGone(err)
}
