package push

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// idDomain keeps the ids of ledgers apart from whatever else the ledger's key makes.
const idDomain = "wxhome ledger id 1\x00"

// LedgerID returns what tells a ledger from every other one, for programs that meet at another
// place than the ledger. It is derived from the ledger's key, which is made if there is none, and
// does not reveal it. A copy of a ledger has the same id.
func LedgerID(ctx context.Context, ledger *db.DB) (string, error) {
	secret, err := makeSecret(ctx, ledger, time.Now())
	if err != nil {
		return "", fmt.Errorf("read the key of the ledger in %s: %w", ledger.Name, err)
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(idDomain))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:26], nil
}
