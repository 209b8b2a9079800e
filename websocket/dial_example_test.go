package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"

	"github.com/everwire/everwire/websocket"
)

// A server that sends its clients elsewhere, with a cookie that says who they are.
func ExampleDialOptions_redirects() {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "ann", Path: "/"})
		http.Redirect(w, r, "/chat", http.StatusFound)
	})
	mux.HandleFunc("/chat", func(w http.ResponseWriter, r *http.Request) {
		session, err := r.Cookie("session")
		if err != nil {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		c.Write(r.Context(), websocket.Text, []byte("hello, "+session.Value))
		c.Close(websocket.CloseNormal, "")
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()

	jar, _ := cookiejar.New(nil) // with these options it has no error
	ctx := context.Background()
	c, err := websocket.Dial(ctx, srv.URL+"/login", &websocket.DialOptions{Jar: jar, Redirects: 3})
	if err != nil {
		log.Fatal(err)
	}
	_, greeting, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	c.Close(websocket.CloseNormal, "")
	ended, _ := url.Parse(c.URL())
	fmt.Printf("%s: %s\n", ended.Path, greeting)
	// Output: /chat: hello, ann
}

// Through a proxy with a password, and what it says if that is wrong.
func ExampleDialOptions_proxy() {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired) // whatever it is
	}))
	defer proxy.Close()

	through, err := url.Parse(proxy.URL)
	if err != nil {
		log.Fatal(err)
	}
	through.User = url.UserPassword("ann", "a secret")
	_, err = websocket.Dial(context.Background(), "wss://example.com/chat", &websocket.DialOptions{
		Proxy: http.ProxyURL(through),
	})
	if refused, ok := err.(*websocket.HandshakeError); ok && refused.Response != nil {
		fmt.Println(refused.Response.Request.Method, "was answered with", refused.Status)
	}
	// Output: CONNECT was answered with 407
}
