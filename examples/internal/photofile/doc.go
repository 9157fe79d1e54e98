// Package photofile opens a pupil's photo, which is an address on a web server
// that the school trusts or a file in a folder of its own. [New] and
// [Opener.Open] are the calls to know.
//
// Whoever can write an address into the school's database must not be able to
// read the machines behind the firewall with it (SSRF). So only listed hosts
// are asked; what their names resolve to is looked at when the connection is
// made, and private, local and reserved addresses are refused then, whatever
// the name resolved to a moment before; redirects are not followed; proxies
// are not used. Files are opened through an [os.Root], which no path and no
// symbolic link leaves. What is opened must begin as a picture does.
//
// A photo is never held in memory: [File] is read as it comes.
//
// An Opener is safe for use by several goroutines; a File is for one.
//
// # Errors
//
// Open wraps one of [ErrAddress], [ErrHost], [ErrPrivate], [ErrRedirect],
// [ErrNotFound], [ErrTooLarge], [ErrNotPhoto] and [ErrUnavailable], which tell
// what kind of failure it is. Error texts name a host and never a whole
// address, which may be secret.
package photofile
