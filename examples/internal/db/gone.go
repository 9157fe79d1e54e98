package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net"

	"github.com/go-sql-driver/mysql"
)

// IsGone reports that the server gives no answer, or that the connection to it is lost: what was
// asked may work later. A context that was cancelled is no such failure.
func IsGone(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	switch mysqlCode(err) {
	case 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 1040, 1203:
		return true // the server ends, a connection was killed, or there are too many
	}
	if _, file := errors.AsType[*fs.PathError](err); file {
		return false // what is behind it looks like a net.Error
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network)
}
