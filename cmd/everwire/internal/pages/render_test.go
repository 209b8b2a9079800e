package pages

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var reference = regexp.MustCompile(`\b(?:href|src)="([^"]*)"`)

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			var scripts, styles int
			for _, match := range reference.FindAllStringSubmatch(string(page.body), -1) {
				target := match[1]
				asset, isAsset := strings.CutPrefix(target, "static/")
				_, isPage := pages[target]
				switch {
				case isAsset:
					if _, ok := assets[asset]; !ok {
						t.Errorf("there is no asset %q", target)
					}
				case target == "./", target == "#main", isPage:
				case strings.HasPrefix(target, "https://"):
					// a link to read elsewhere; what is loaded is checked in TestNothingIsInlineOrForeign
				default:
					t.Errorf("%q is neither an asset nor a page", target)
				}
				switch path.Ext(asset) {
				case ".js":
					scripts++
				case ".css":
					styles++
				}
			}
			// Each script is named twice: where it is loaded, and for who wants to read it.
			want := 2
			if name == "chat" {
				want = 4
			}
			if scripts != want || styles != 1 {
				t.Errorf("%d references to scripts and %d to style sheets, want %d and 1", scripts, styles, want)
			}
		})
	}
}

func TestEveryAssetIsUsed(t *testing.T) {
	var all strings.Builder
	for _, page := range pages {
		all.Write(page.body)
	}
	for name := range assets {
		if !strings.Contains(all.String(), `"static/`+name+`"`) {
			t.Errorf("no page uses %s", name)
		}
	}
}

// What the Content-Security-Policy would block must not be there to be blocked.
func TestNothingIsInlineOrForeign(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"a script without src":        regexp.MustCompile(`<script(?:\s+(?:defer|type="[^"]*"))*\s*>`),
		"text inside a script":        regexp.MustCompile(`<script[^>]*>[^<]`),
		"a style element":             regexp.MustCompile(`<style`),
		"a style attribute":           regexp.MustCompile(`<[^>]*\sstyle=`),
		"an event handler attribute":  regexp.MustCompile(`<[^>]*\son[a-z]+=`),
		"a javascript: address":       regexp.MustCompile(`(?:href|src)="javascript:`),
		"a resource of another place": regexp.MustCompile(`(?:\ssrc|<link[^>]*\shref)="(?:[a-z]+:|//)`),
		"a frame, object or base":     regexp.MustCompile(`<(?:iframe|object|embed|base)\b`),
	}
	for name, page := range pages {
		for what, pattern := range forbidden {
			if found := pattern.Find(page.body); found != nil {
				t.Errorf("%s has %s: %s", name, what, found)
			}
		}
	}
	css := string(assets["style.css"].body)
	for _, what := range []string{"url(", "@import"} {
		if strings.Contains(css, what) {
			t.Errorf("style.css has %s", what)
		}
	}
}

// Text from outside reaches a page through textContent only.
func TestScriptsNeverWriteMarkup(t *testing.T) {
	markup := regexp.MustCompile(`\.(?:innerHTML|outerHTML)\b|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	for name, asset := range assets {
		if path.Ext(name) != ".js" {
			continue
		}
		if found := markup.Find(asset.body); found != nil {
			t.Errorf("%s uses %s", name, found)
		}
	}
}

// Other people's tests, bookmarklets and lessons hold on to these.
func TestStableElements(t *testing.T) {
	tests := []struct {
		page     string
		elements []string
	}{
		{"echo", []string{
			`id="connect"`, `id="send-message"`, `id="disconnect"`, `id="messages"`, `id="text"`, `id="hello"`,
			`id="binary"`, `id="state"`, `value="WebSockets are cool!"`,
		}},
		{"hello", []string{`id="start"`, `id="name"`, `id="log"`, `id="state"`, `value="John"`}},
		{"chat", []string{
			`<form name="publish"`, `name="message"`, `type="submit"`, `id="messages"`, `id="state"`,
			`id="raw-mode"`, `id="rooms-mode"`, `<form name="enter"`, `id="name"`, `id="room"`, `id="joined"`, `id="people"`,
			`id="feed"`, `<form name="say"`, `id="words"`, `id="leave"`, `id="line"`,
		}},
		{"binary", []string{
			`<form name="binary"`, `id="file"`, `id="kib"`, `id="generate"`, `id="blob"`, `id="arraybuffer"`, `id="send"`,
			`id="verdict"`, `id="sent-digest"`, `id="received-digest"`, `id="state"`,
		}},
		{"rate", []string{
			`<form name="rate"`, `id="reads"`, `id="look"`, `id="start"`, `id="disconnect"`, `id="buffered-amount"`,
			`id="sent"`, `id="read"`, `id="chart"`, `id="state"`,
		}},
		{"handshake", []string{
			`id="again"`, `id="request"`, `id="answer"`, `id="accept"`, `id="offered"`, `id="in-use"`, `id="state"`,
		}},
		{"subprotocols", []string{
			`<form name="subprotocols"`, `value="soap"`, `value="wamp"`, `value="xmpp"`, `value="klingon"`, `id="connect"`,
			`id="protocol"`, `id="log"`, `id="verdict"`, `id="state"`,
		}},
		{"status", []string{
			`<form name="operator"`, `id="token"`, `<form name="find"`, `id="search"`, `id="sort"`, `id="sockets"`,
			`id="close-dialog"`, `id="frames"`, `id="state"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.page, func(t *testing.T) {
			for _, element := range tt.elements {
				if n := strings.Count(string(pages[tt.page].body), element); n != 1 {
					t.Errorf("%s occurs %d times, want once", element, n)
				}
			}
		})
	}
}

var (
	id       = regexp.MustCompile(`\sid="([^"]*)"`)
	looksFor = regexp.MustCompile(`(?:getElementById|\bat)\("([^"]*)"\)`)
)

func TestScriptsFindTheirElements(t *testing.T) {
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			var ids []string
			for _, match := range id.FindAllStringSubmatch(string(page.body), -1) {
				if slices.Contains(ids, match[1]) {
					t.Errorf("two elements have the id %q", match[1])
				}
				ids = append(ids, match[1])
			}
			for _, match := range looksFor.FindAllStringSubmatch(string(assets[name+".js"].body), -1) {
				if !slices.Contains(ids, match[1]) {
					t.Errorf("%s.js looks for #%s, which the page does not have", name, match[1])
				}
			}
		})
	}
}

func TestEveryPageListsTheDemosAndMarksItself(t *testing.T) {
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			nav := regexp.MustCompile(`(?s)<nav.*?</nav>`).FindString(string(page.body))
			for _, d := range demos {
				link := `<a href="` + d.Name + `"`
				if d.Name == name {
					link += ` aria-current="page"`
				}
				if !strings.Contains(nav, link+">"+d.Title+"</a>") {
					t.Errorf("the header has no %s>", link)
				}
			}
			if n := strings.Count(string(page.body), `aria-current="page"`); n != 1 {
				t.Errorf("%d links say that they are this page, want 1", n)
			}
		})
	}
}

func TestEveryTemplateIsAPage(t *testing.T) {
	entries, err := fs.ReadDir(embedded, "html")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".html")
		if _, ok := pages[name]; !ok && name != "layout" {
			t.Errorf("html/%s belongs to no demo", entry.Name())
		}
	}
}

func TestETagsFollowTheContent(t *testing.T) {
	a, b := newFile([]byte("a"), "text/plain"), newFile([]byte("b"), "text/plain")
	if a.etag == b.etag || a.etag != newFile([]byte("a"), "text/html").etag {
		t.Errorf("ETags %s and %s", a.etag, b.etag)
	}
}
