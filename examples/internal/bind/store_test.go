package bind_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
)

const testKey = "a key for the tests of this package"

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var (
	zhang = school.Pupil{StudentID: "S1", StudentName: "张三", Class: "一年级1班"}
	li    = school.Pupil{StudentID: "S2", StudentName: "李四"}
)

// open opens a Store on a fresh database.
func open(t *testing.T, address string) (*bind.Store, *clock, *db.DB) {
	t.Helper()
	d, c := dbtest.Open(t, address), newClock()
	s, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{testKey}, Now: c.Now})
	require.NoError(t, err)
	return s, c, d
}

// issue makes n codes for each pupil and returns them in the order of pupils.
func issue(t *testing.T, s *bind.Store, n int, pupils ...school.Pupil) []string {
	t.Helper()
	codes, _, err := s.Issue(t.Context(), bind.Order{Pupils: pupils, PerPupil: n, Lifetime: 24 * time.Hour, Reissue: true})
	require.NoError(t, err)
	require.Len(t, codes, n*len(pupils))
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = c.Code
	}
	return texts
}

func rows(t *testing.T, d *db.DB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+query, args...).Scan(&n))
	return n
}

func TestBind(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, d := open(t, address)
		codes := issue(t, s, 2, zhang, li)
		got, err := s.Bind(t.Context(), "oMother", " "+strings.ToLower(codes[0])+"。")
		require.NoError(t, err)
		assert.Equal(t, bind.Bound{Child: bind.Child{StudentID: "S1", Name: "张三", Class: "一年级1班"}}, got)

		_, err = s.Bind(t.Context(), "oFather", codes[0])
		require.ErrorIs(t, err, bind.ErrUsed, "one code, one binding")
		_, err = s.Bind(t.Context(), "oFather", codes[1])
		require.NoError(t, err)

		again, err := s.Bind(t.Context(), "oMother", codes[0])
		require.NoError(t, err)
		assert.True(t, again.Already)
		assert.Equal(t, 2, rows(t, d, "parent_wechat_bind"))

		_, err = s.Bind(t.Context(), "oMother", codes[2])
		require.NoError(t, err)
		children, err := s.Children(t.Context(), "oMother")
		require.NoError(t, err)
		assert.Equal(t, []bind.Child{{StudentID: "S1", Name: "张三", Class: "一年级1班"}, {StudentID: "S2", Name: "李四"}}, children)

		var mobile, created string
		require.NoError(t, d.QueryRowContext(t.Context(), "SELECT parent_mobile, create_time FROM parent_wechat_bind WHERE wechat_openid = ?", "oFather").Scan(&mobile, &created))
		assert.Empty(t, mobile, "bound by code: no phone number")
		assert.Contains(t, created, "2026-11-20", "Beijing's day")
		assert.Contains(t, created, "17:00:00", "Beijing's time")
	})
}

func TestTheTableHoldsNoCode(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, d := open(t, address)
		code := issue(t, s, 1, zhang)[0]
		var hash string
		require.NoError(t, d.QueryRowContext(t.Context(), "SELECT hash FROM bind_code").Scan(&hash))
		assert.NotContains(t, strings.ToUpper(hash), code)
		other, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{"another key of the same school"}})
		require.NoError(t, err)
		var wrong *bind.WrongError
		_, err = other.Bind(t.Context(), "oA", code)
		require.ErrorAs(t, err, &wrong, "the hash depends on the key")
		both, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{"another key of the same school", testKey}, Now: newClock().Now})
		require.NoError(t, err)
		_, err = both.Bind(t.Context(), "oA", code)
		require.NoError(t, err, "a previous key is accepted")
	})
}

func TestExpiryAndReissue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, c, _ := open(t, address)
		order := bind.Order{Pupils: []school.Pupil{zhang, li}, PerPupil: 2, Lifetime: time.Hour}
		first, kept, err := s.Issue(t.Context(), order)
		require.NoError(t, err)
		require.Len(t, first, 4)
		assert.Zero(t, kept)
		assert.Equal(t, c.Now().Add(time.Hour), first[0].Expires)

		again, kept, err := s.Issue(t.Context(), order)
		require.NoError(t, err)
		assert.Empty(t, again, "a second run leaves the first one's letters good")
		assert.Equal(t, 2, kept)

		c.Pass(59 * time.Minute)
		_, err = s.Bind(t.Context(), "oA", first[0].Code)
		require.NoError(t, err)
		c.Pass(time.Minute)
		_, err = s.Bind(t.Context(), "oB", first[1].Code)
		require.ErrorIs(t, err, bind.ErrExpired)

		again, kept, err = s.Issue(t.Context(), order)
		require.NoError(t, err)
		assert.Equal(t, 1, kept, "a pupil with a redeemed code keeps what he has")
		require.Len(t, again, 2)
		assert.Equal(t, "S2", again[0].Pupil.StudentID)

		order.Reissue, order.Pupils = true, []school.Pupil{zhang, li}
		newer, _, err := s.Issue(t.Context(), order)
		require.NoError(t, err)
		require.Len(t, newer, 4)
		_, err = s.Bind(t.Context(), "oB", first[0].Code)
		require.ErrorIs(t, err, bind.ErrUsed, "a redeemed code stays redeemed")
		var wrong *bind.WrongError
		_, err = s.Bind(t.Context(), "oC", again[0].Code)
		require.ErrorAs(t, err, &wrong, "the code before is void")
		_, err = s.Bind(t.Context(), "oC", newer[3].Code)
		require.NoError(t, err)
		bound, err := s.Bound(t.Context(), "oA", "S1")
		require.NoError(t, err)
		assert.True(t, bound, "bindings stay")
	})
}

func TestFiveWrongTriesLock(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, c, d := open(t, address)
		codes := issue(t, s, 2, zhang)
		for left := 4; left >= 1; left-- {
			var wrong *bind.WrongError
			_, err := s.Bind(t.Context(), "oA", "AAAAAAAAAA")
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, left, wrong.Left)
			c.Pass(10 * time.Minute)
		}
		var locked *bind.LockedError
		_, err := s.Bind(t.Context(), "oA", "x")
		require.ErrorAs(t, err, &locked, "also a try that has not the form of a code")
		assert.Equal(t, c.Now().Add(time.Hour), locked.Until.UTC())
		_, err = s.Bind(t.Context(), "oA", codes[0])
		require.ErrorAs(t, err, &locked, "a right code too")
		_, err = s.Bind(t.Context(), "oB", codes[0])
		require.NoError(t, err, "others are not locked")

		c.Pass(59 * time.Minute)
		_, err = s.Bind(t.Context(), "oA", codes[1])
		require.ErrorAs(t, err, &locked)
		require.NoError(t, s.Purge(t.Context()))
		_, err = s.Bind(t.Context(), "oA", codes[1])
		require.ErrorAs(t, err, &locked, "purging frees nobody")
		c.Pass(time.Minute)
		_, err = s.Bind(t.Context(), "oA", codes[1])
		require.NoError(t, err)
		assert.Zero(t, rows(t, d, "bind_try"), "nothing is kept of those who are done")
	})
}

func TestTriesOfMoreThanAnHourAgoDoNotCount(t *testing.T) {
	t.Parallel()
	s, c, d := open(t, dbtest.SQLite(t))
	var wrong *bind.WrongError
	for range 20 {
		_, err := s.Bind(t.Context(), "oA", "AAAAAAAAAA")
		require.ErrorAs(t, err, &wrong)
		c.Pass(16 * time.Minute) // four in any hour
	}
	c.Pass(3 * time.Hour)
	require.NoError(t, s.Purge(t.Context()))
	assert.Zero(t, rows(t, d, "bind_try"))
}

// TestARightCodeDoesNotStartTheCountAnew: who knows one code could try others without end.
func TestARightCodeDoesNotStartTheCountAnew(t *testing.T) {
	t.Parallel()
	s, _, _ := open(t, dbtest.SQLite(t))
	own := issue(t, s, 1, zhang)[0]
	var locked *bind.LockedError
	for i := range 5 {
		_, err := s.Bind(t.Context(), "oA", "AAAAAAAAAA")
		if i == 4 {
			require.ErrorAs(t, err, &locked)
			return
		}
		_, err = s.Bind(t.Context(), "oA", own)
		require.NoError(t, err)
	}
}

// TestParallelTriesAreCounted: asking at the same moment gains no sixth try.
func TestParallelTriesAreCounted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, _ := open(t, address)
		var mu sync.Mutex
		var group sync.WaitGroup
		wrongs := 0
		for range 20 {
			group.Go(func() {
				_, err := s.Bind(t.Context(), "oA", "AAAAAAAAAA")
				var wrong *bind.WrongError
				mu.Lock()
				defer mu.Unlock()
				if errors.As(err, &wrong) {
					wrongs++
				} else {
					var locked *bind.LockedError
					assert.ErrorAs(t, err, &locked)
				}
			})
		}
		group.Wait()
		assert.Equal(t, bind.MaxTries-1, wrongs)
	})
}

func TestNoCode(t *testing.T) {
	t.Parallel()
	s, _, d := open(t, dbtest.SQLite(t))
	_, err := s.Bind(t.Context(), "oA", " ：\u3000")
	require.ErrorIs(t, err, bind.ErrNoCode)
	assert.Zero(t, rows(t, d, "bind_try"), "it is no try")
}

func TestUnbindAndForget(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, _, d := open(t, address)
		codes := issue(t, s, 2, zhang, li)
		for i, who := range []string{"oA", "oB", "oA", "oB"} {
			_, err := s.Bind(t.Context(), who, codes[i])
			require.NoError(t, err)
		}
		_, err := d.ExecContext(t.Context(), `INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time)
VALUES ('13900000001', 'oA', 'S3', '2026-11-01 08:00:00')`)
		require.NoError(t, err)

		n, err := s.Unbind(t.Context(), "oA", "S1", "S9")
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		bound, err := s.Bound(t.Context(), "oB", "S1")
		require.NoError(t, err)
		assert.True(t, bound, "the other parent stays bound")
		bound, err = s.Bound(t.Context(), "oA", "S1")
		require.NoError(t, err)
		assert.False(t, bound)
		_, err = s.Bind(t.Context(), "oA", codes[0])
		require.ErrorIs(t, err, bind.ErrUsed, "an unbound parent needs a new code")

		require.NoError(t, s.Forget(t.Context(), "oA"))
		assert.Zero(t, rows(t, d, "parent_wechat_bind WHERE wechat_openid = 'oA'"))
		assert.Zero(t, rows(t, d, "bind_try WHERE openid = 'oA'"))
		assert.Equal(t, 1, rows(t, d, "parent_wechat_bind WHERE parent_mobile = '13900000001'"), "the school's own list stays")
		assert.Equal(t, 2, rows(t, d, "parent_wechat_bind WHERE wechat_openid = 'oB'"))
		children, err := s.Children(t.Context(), "oA")
		require.NoError(t, err)
		assert.Empty(t, children)
	})
}

// TestOpenidsAreComparedBytewise: a school's own table may take aB and Ab for the same.
func TestOpenidsAreComparedBytewise(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.MariaDB(t))
	_, err := d.ExecContext(t.Context(), `CREATE TABLE parent_wechat_bind (id INT AUTO_INCREMENT PRIMARY KEY, parent_mobile VARCHAR(32) NOT NULL,
wechat_openid VARCHAR(64) NOT NULL, student_id VARCHAR(64) NOT NULL, create_time DATETIME NOT NULL) COLLATE utf8mb4_general_ci`)
	require.NoError(t, err)
	s, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{testKey}})
	require.NoError(t, err)
	_, err = d.ExecContext(t.Context(), `INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time)
VALUES ('139', 'oAb', 'S1', NOW())`)
	require.NoError(t, err)
	children, err := s.Children(t.Context(), "oaB")
	require.NoError(t, err)
	assert.Empty(t, children, "another parent's child")
	require.NoError(t, s.Forget(t.Context(), "oaB"))
	assert.Equal(t, 1, rows(t, d, "parent_wechat_bind WHERE wechat_openid = 'oAb'"))
	require.NoError(t, s.Forget(t.Context(), "oAb"), "although the column takes no NULL")
	assert.Zero(t, rows(t, d, "parent_wechat_bind WHERE wechat_openid = 'oAb'"))
}

func TestOpenAndIssueRefuse(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t))
	_, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{"", ""}})
	require.ErrorContains(t, err, "key is needed")
	_, err = bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{"short"}})
	require.ErrorContains(t, err, "at least 16")
	s, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{testKey}})
	require.NoError(t, err)
	_, _, err = s.Issue(t.Context(), bind.Order{Pupils: []school.Pupil{zhang}, PerPupil: 0, Lifetime: time.Hour})
	require.Error(t, err)
	_, _, err = s.Issue(t.Context(), bind.Order{Pupils: []school.Pupil{zhang}, PerPupil: 1, Lifetime: time.Second})
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Bind(ctx, "oA", "ACDEF23456")
	require.ErrorIs(t, err, context.Canceled)
}

// The test binary is also the process that races for codes: the database's address and the
// openid are in this variable, the codes come on its standard input.
const racerRole = "WXHOME_BIND_RACER"

func TestMain(m *testing.M) {
	if role := os.Getenv(racerRole); role != "" {
		address, openid, _ := strings.Cut(role, "|")
		if err := race(address, openid); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func race(address, openid string) error {
	d, err := db.Open(context.Background(), address)
	if err != nil {
		return err
	}
	s, err := bind.Open(context.Background(), bind.Config{DB: d, Keys: []string{testKey}})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		_, err := s.Bind(context.Background(), openid+lines.Text(), lines.Text()) // no openid tries twice
		switch {
		case err == nil:
			fmt.Println("bound")
		case errors.Is(err, bind.ErrUsed):
			fmt.Println("used")
		default:
			return err
		}
	}
	return nil
}

// TestTwoProcessesRaceForACode: of two parents at two processes one is bound, the other is told.
func TestTwoProcessesRaceForACode(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		s, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{testKey}})
		require.NoError(t, err)
		const n = 30
		codes := issue(t, s, n, zhang)
		racers := [2]*racer{startRacer(t, address, "oA-"), startRacer(t, address, "oB-")}
		wins := [2]int{}
		for _, code := range codes {
			var said [2]string
			for _, r := range racers {
				r.send(t, code)
			}
			for i, r := range racers {
				if said[i] = r.next(t); said[i] == "bound" {
					wins[i]++
				}
			}
			assert.ElementsMatch(t, []string{"bound", "used"}, said[:])
		}
		assert.Equal(t, n, rows(t, d, "parent_wechat_bind"))
		t.Logf("%d to %d", wins[0], wins[1])
	})
}

type racer struct {
	in  *os.File
	out *bufio.Scanner
}

func startRacer(t *testing.T, address, openid string) *racer {
	t.Helper()
	cmd := exec.Command(os.Args[0]) // ends with its standard input
	cmd.Env = append(os.Environ(), racerRole+"="+address+"|"+openid)
	cmd.Stderr = os.Stderr
	read, write, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdin = read
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, read.Close())
	t.Cleanup(func() { _ = write.Close(); assert.NoError(t, cmd.Wait()) })
	r := &racer{in: write, out: bufio.NewScanner(out)}
	require.Equal(t, "ready", r.next(t))
	return r
}

func (r *racer) send(t *testing.T, code string) {
	t.Helper()
	_, err := fmt.Fprintln(r.in, code)
	require.NoError(t, err)
}

func (r *racer) next(t *testing.T) string {
	t.Helper()
	require.True(t, r.out.Scan())
	return r.out.Text()
}
