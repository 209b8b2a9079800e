package browser

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/cmd/everwire/internal/chat"
	"github.com/everwire/everwire/cmd/everwire/internal/pages"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// goInto opens the chat and goes into a room.
func goInto(t *testing.T, s *site, name, room string) *tab {
	t.Helper()
	p := open(t, s.http+"/chat")
	p.click("#rooms-mode")
	p.wantText("#state", "OPEN")
	p.goInto(name, room)
	return p
}

func (p *tab) goInto(name, room string) {
	p.t.Helper()
	p.ask(name, room)
	p.wantText("#current", room)
	p.seesSoon(`document.querySelector("#people li")`)
}

// ask is goInto where the answer may be no.
func (p *tab) ask(name, room string) {
	p.t.Helper()
	p.write("#name", name)
	p.write("#room", room)
	p.click(`form[name="enter"] button`)
}

// tell writes in the room and waits until the server has it.
func (p *tab) tell(text string) {
	p.t.Helper()
	p.write("#words", text)
	p.click(`form[name="say"] button`)
	p.seesSoon(`document.querySelector("#words").value === "" && !document.querySelector("#feed [data-kind=sent]")`)
}

func TestRoomsShowNamesAndWhoIsHere(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		s := serve(t, secure)
		ada := goInto(t, s, "Ada", "lobby")
		ada.wantLines("#people", "Ada (you)")
		bob := goInto(t, s, "Bob", "lobby")
		bob.wantLines("#people", "Bob (you)", "Ada")
		ada.wantLines("#people", "Ada (you)", "Bob")
		ada.wantText("#here", "Here: 2")

		ada.tell("Hello?")
		bob.wantLines("#feed", "Ada Hello?")
		bob.tell("Here I am")
		ada.wantLines("#feed", "Ada Hello?", "Bob Here I am")

		bob.click("#leave")
		ada.wantText("#here", "Here: 1")
		ada.wantLines("#people", "Ada (you)")
	})
}

func TestRoomsShowWhatWasSaidBefore(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serve(t, false)
	ada := goInto(t, s, "Ada", "blue")
	for _, text := range []string{"one", "two", "three"} {
		ada.tell(text)
	}
	bob := goInto(t, s, "Bob", "blue")
	bob.wantLines("#feed", "Ada one", "Ada two", "Ada three")
	bob.tell("four")
	ada.wantLines("#feed", "Ada one", "Ada two", "Ada three", "Bob four")
}

func TestRoomsAreApart(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serve(t, false)
	ada := goInto(t, s, "Ada", "blue")
	ada.goInto("Ada", "red")
	bob := goInto(t, s, "Bob", "blue")
	bob.tell("in blue")
	ada.wantText("#joined li", "blue 1")
	ada.tell("in red")
	ada.wantLines("#feed", "Ada in red")
	ada.click("#joined li:first-child button")
	ada.wantText("#current", "blue")
	ada.wantLines("#feed", "Bob in blue")
	ada.wantText("#joined li", "blue")
	bob.wantLines("#feed", "Bob in blue")
}

func TestRoomsShowMarkupAsText(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serve(t, false)
	const markup = `<img src=x onerror=alert(1)>`
	ada, bob := goInto(t, s, "<b>Ada", "<i>"), goInto(t, s, "Bob", "<i>")
	ada.tell(markup)
	bob.wantLines("#feed", "<b>Ada "+markup)
	bob.wantLines("#people", "Bob (you)", "<b>Ada")
	if got := bob.texts("#feed img, #people b, #joined i, #current i"); len(got) != 0 {
		t.Errorf("the text became %d elements", len(got))
	}
}

// The address of a room leads into it who has a name already.
func TestRoomsHaveAddresses(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serve(t, false)
	ada := goInto(t, s, "Ada", "größe & more")
	ada.tell("remember me")
	address := evaluate[string](ada, "location.href")
	again := open(t, address)
	again.wantText("#current", "größe & more")
	again.wantLines("#feed", "Ada remember me")
	again.wantLines("#people", "Ada (you)", "Ada")
	again.click("#raw-mode")
	again.wantText("#status", "Connected.")
	ada.wantText("#here", "Here: 1")
}

func TestRoomsFitAPhone(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	s := serve(t, false)
	p := open(t, "about:blank")
	p.onPhone(s.http + "/chat")
	p.wantText("#state", "OPEN")
	moved := evaluate[float64](p, `(() => {
		const state = document.getElementById("state"), top = () => document.getElementById("rooms-mode").getBoundingClientRect().top;
		const before = top();
		state.textContent = "CONNECTING";
		const after = top();
		state.textContent = "OPEN";
		return after - before;
	})()`)
	if moved != 0 { // a click that was meant for it would miss it
		t.Errorf("the switch moves by %v when the state changes", moved)
	}
	p.click("#rooms-mode")
	p.wantText("#state", "OPEN")
	p.goInto("Wolfeschlegelsteinhausenbergerdorff", "another-room")
	p.goInto("Wolfeschlegelsteinhausenbergerdorff", "a-room-with-a-name-that-is-wider-than-any-phone-is-or-will-be")
	p.tell("Thequickbrownfoxjumpsoverthelazydogandalsoonthephone")
	evaluate[chromedp.Void](p, `document.querySelectorAll("details").forEach(d => d.open = true)`)
	p.fitsPhone()
}

// A chatNode is one of the servers that are one chat.
type chatNode struct {
	*site
	hub    *hub.Hub
	refuse atomic.Bool // handshakes
	die    func()      // as a process does: no word to anybody
}

// chatNodes starts two, which know each other.
func chatNodes(t *testing.T) (a, b *chatNode) {
	memory := hub.NewMemory(nil)
	a, startA := newChatNode(t, memory)
	b, startB := newChatNode(t, memory.Node())
	startA(b)
	startB(a)
	return a, b
}

func newChatNode(t *testing.T, broker hub.Broker) (n *chatNode, start func(other *chatNode)) {
	n = &chatNode{hub: hub.New(&hub.Options{Broker: broker, Room: chat.Room})}
	mux := http.NewServeMux()
	n.site = listen(t, false, mux)
	start = func(other *chatNode) {
		srv := chat.New(chat.Options{Hub: n.hub})
		srv.Options.Origins = []string{other.http}
		page, err := pages.Chat([]string{other.ws + "/chat"})
		if err != nil {
			t.Fatal(err)
		}
		srv.Handler = page
		mux.Handle("/static/", pages.Static())
		mux.HandleFunc("/chat", func(w http.ResponseWriter, r *http.Request) {
			if n.refuse.Load() && websocket.IsUpgrade(r) {
				http.Error(w, "not now", http.StatusServiceUnavailable)
				return
			}
			srv.ServeHTTP(w, r)
		})
		n.die = func() {
			srv.Close() // which resets the connections
			n.stop()
		}
		t.Cleanup(func() {
			srv.Close()
			n.hub.Close(context.Background())
		})
	}
	return n, start
}

// The promise of the page: it is on a node that is killed, and comes back on another one, where it has missed
// nothing, has nothing twice, and all in order.
func TestRoomsSurviveTheirNode(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	a, b := chatNodes(t)
	b.refuse.Store(true)
	ada := goInto(t, a.site, "Ada", "blue")
	var want []string
	number := 0
	publish := func(times int) {
		for range times {
			number++
			m := hub.Message{Publisher: "Bob", ID: fmt.Sprint("b", number), Data: []byte(strconv.Itoa(number))}
			if _, err := b.hub.Publish(t.Context(), "blue", m); err != nil {
				t.Fatal(err)
			}
			want = append(want, "Bob "+m.ID[1:])
		}
	}
	publish(20)
	ada.wantLines("#feed", want...)

	a.die()
	publish(30) // of which the page knows nothing
	ada.awaitConsole("503")
	ada.seesSoon(`document.querySelector("#line").textContent.startsWith("Offline.")`)
	ada.write("#words", "from the dark")
	ada.click(`form[name="say"] button`)
	ada.wantText("#feed [data-kind=sent]", "Ada from the dark")

	b.refuse.Store(false)
	if !ada.sees(`document.querySelector("#state").textContent === "OPEN"`, time.Minute) { // the page's waits have grown
		t.Fatalf("it does not come back\n%s", ada.visible())
	}
	want = append(want, "Ada from the dark")
	ada.wantLines("#feed", want...)
	ada.wantText("#line", "Caught up: 30 messages came while you were away.")
	ada.seesSoon(`!document.querySelector("#feed [data-kind=sent]")`)
	publish(10)
	ada.wantLines("#feed", want...)
	ada.wantText("#here", "Here: 1")
	ada.forgive("503", "ERR_CONNECTION_REFUSED") // from the one node and the other, as often as the page has tried
}

// Who was away for too long, or comes to where nobody knows of before, is told so, and shown what there is.
func TestRoomsTellOfAGap(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	a, startA := newChatNode(t, hub.NewMemory(nil))
	b, startB := newChatNode(t, hub.NewMemory(nil)) // which is another chat
	startA(b)
	startB(a)
	ada := goInto(t, a.site, "Ada", "blue")
	ada.tell("before")
	if _, err := b.hub.Publish(t.Context(), "blue", hub.Message{Publisher: "Bob", Data: []byte(`"after"`)}); err != nil {
		t.Fatal(err)
	}
	a.die()
	ada.wantText("#line", "Back again, but away for too long: some messages are not kept any more.")
	ada.wantLines("#feed", "What was said before is not kept any more.", "Bob after")
	ada.tell("again")
	ada.wantLines("#feed", "What was said before is not kept any more.", "Bob after", "Ada again")
}

// sesame is the only token.
type sesame struct{}

func (sesame) Authenticate(_ context.Context, token string, _ auth.Visit) (*auth.Grant, error) {
	if token != "sesame" {
		return nil, auth.ErrUnauthorized
	}
	return &auth.Grant{User: "u1", Name: "Ali", Join: []string{"cave"}, Publish: []string{"cave"}}, nil
}

func TestRoomsAskForAToken(t *testing.T) {
	needsBrowser(t)
	t.Parallel()
	h := hub.New(&hub.Options{Room: chat.Room})
	srv := chat.New(chat.Options{Hub: h, Auth: sesame{}})
	srv.Handler = pages.Handler("chat")
	t.Cleanup(func() {
		srv.Close()
		h.Close(context.Background())
	})
	mux := http.NewServeMux()
	mux.Handle("/chat", srv)
	mux.Handle("/static/", pages.Static())
	s := listen(t, false, mux)
	p := open(t, s.http+"/chat")
	p.wantText("#status", "Connection lost, code 1006.") // the raw chat has no place for a token
	p.click("#rooms-mode")
	p.wantText("#state", "OPEN")
	p.ask("Mallory", "cave")
	p.wantText("#line", "A token is needed.")
	for _, token := range []string{"open", "sesame"} {
		p.wantText("#line", "A token is needed.")
		p.write("#token", token)
		p.click(`form[name="key"] button`)
	}
	p.wantLines("#people", "Ali (you)")
	p.seesSoon(`document.forms.key.hidden`)
	p.tell("treasure")
	p.wantLines("#feed", "Ali treasure")
	p.ask("Ali", "palace")
	p.wantText("#line", "Not in palace: this room may not be joined.")
	p.wantText("#current", "cave")
	p.forgive("HTTP Authentication failed")
}

// forgive forgets complaints of the browser that say one of texts.
func (p *tab) forgive(texts ...string) {
	p.t.Helper()
	p.drain()
	p.complaints = slices.DeleteFunc(p.complaints, func(complaint string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(complaint, text) })
	})
}
