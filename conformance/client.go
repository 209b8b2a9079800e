package conformance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A ClientSuite asks clients the cases. It is a server, to which they connect by the classic suite's
// protocol, so that programs written for that work unchanged. Each resource is a WebSocket connection of its
// own:
//
//	/getCaseCount                    one text message, how many cases there are
//	/getCaseInfo?case=N              one text message, JSON: {"id": "1.1.1", "description": "…"}
//	/runCase?case=N&agent=A          the case itself: the client echoes every message until the connection ends
//	/getCaseStatus?case=N&agent=A    one text message, JSON: {"behavior": "OK"}
//	/updateReports?agent=A           says that reports may be written now
//
// All but runCase are closed with 1000 by the suite; with 1008 and a reason if a parameter makes no sense. N
// counts from 1 in the order of [ClientSuite.Cases]; casetuple=7.9.3 names a case by its ID instead. A is the
// client's name, and its version as it likes.
//
// A client may run cases in any order, several at a time, and again, when the run that began last counts; several
// clients may be tested at once. A case that is [Case.Alone] is not kept from others that clients run
// meanwhile: [RunClient] does.
//
// All methods may be called at any time by any goroutine.
type ClientSuite struct {
	// OnReports, if set before Serve, is called when a client has asked for the reports, and the cases that
	// it has begun are done. Calls for several clients may overlap.
	OnReports func(agent string)

	cases  []*Case
	opts   Options
	ctx    context.Context // ends by Close
	cancel context.CancelFunc
	hooks  sync.Mutex // held while a hook of the options is called

	mu        sync.Mutex // guards the rest
	listeners []net.Listener
	working   sync.WaitGroup // Serve, and a goroutine a connection; added to only while ctx has not ended
	agents    map[string]*agent
	names     []string      // of agents, as they came
	turned    chan struct{} // closed, and replaced, whenever a case ends
}

// An agent is a client by its name.
type agent struct {
	results map[*Case]*Result
	running map[*Case]int
}

const (
	headTime     = 10 * time.Second // for a request to arrive, with TLS's handshake
	maxAgents    = 1000
	maxAgentName = 200 // octets
)

// NewClientSuite returns a suite of the cases that opts choose. The error is about that choice. Of opts,
// Agent is the name of clients that give none; Parallel, FailFast, Header and TLSConfig do not matter.
func NewClientSuite(opts *Options) (*ClientSuite, error) {
	if opts == nil {
		opts = &Options{}
	}
	cases, err := Select(Cases(Client), opts.Cases)
	if err != nil {
		return nil, err
	}
	l := &ClientSuite{cases: cases, opts: *opts, agents: map[string]*agent{}, turned: make(chan struct{})}
	if l.opts.Agent == "" {
		l.opts.Agent = "client"
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l, nil
}

// Cases returns the cases that clients are asked, in order: number 1 is the first.
func (l *ClientSuite) Cases() []*Case { return slices.Clone(l.cases) }

// Serve takes connections from ln, which may be one of package tls, until Close, when it returns nil, or
// until ln fails. It closes ln.
func (l *ClientSuite) Serve(ln net.Listener) error {
	defer ln.Close()
	l.mu.Lock()
	if l.ctx.Err() != nil {
		l.mu.Unlock()
		return nil
	}
	l.listeners = append(l.listeners, ln)
	l.working.Add(1)
	defer l.working.Done()
	l.mu.Unlock()
	for {
		nc, err := ln.Accept()
		if err != nil {
			if l.ctx.Err() != nil {
				return nil
			}
			return err
		}
		l.mu.Lock()
		if l.ctx.Err() != nil {
			l.mu.Unlock()
			nc.Close()
			return nil
		}
		l.working.Go(func() { l.serve(nc) })
		l.mu.Unlock()
	}
}

// Close ends all connections and has Serve return. Cases that are under way have no result. Those that there
// are can still be asked for. It returns when nothing runs any more, so no hook may call it.
func (l *ClientSuite) Close() error {
	l.mu.Lock()
	l.cancel()
	for _, ln := range l.listeners {
		ln.Close()
	}
	l.listeners = nil
	l.mu.Unlock()
	l.working.Wait()
	return nil
}

// Agents returns the names of the clients that have run a case, in the order in which they came.
func (l *ClientSuite) Agents() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.names)
}

// Results returns the results of one client, in the order of the cases.
func (l *ClientSuite) Results(agent string) []*Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []*Result
	if a := l.agents[agent]; a != nil {
		for _, c := range l.cases {
			if r := a.results[c]; r != nil {
				list = append(list, r)
			}
		}
	}
	return list
}

// serve reads a connection's request, and does what it asks for.
func (l *ClientSuite) serve(nc net.Conn) {
	defer nc.Close()
	stop := context.AfterFunc(l.ctx, func() { nc.SetDeadline(time.Now()) })
	defer stop()
	nc.SetDeadline(time.Now().Add(headTime))
	in := bufio.NewReaderSize(nc, 64<<10)
	raw, err := readHead(in)
	if err != nil {
		if len(raw) >= maxHead {
			refuse(nc, http.StatusRequestHeaderFieldsTooLarge, err.Error())
		}
		return
	}
	req := &request{raw: raw, in: in}
	var parsing error
	req.parsed, parsing = http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	target, query, ok := parseTarget(raw)
	if !ok {
		refuse(nc, http.StatusBadRequest, "that is no HTTP request")
		return
	}
	if l.ctx.Err() != nil {
		return
	}
	nc.SetDeadline(time.Time{})
	if target == "/runCase" {
		l.runCase(nc, req, query, parsing)
		return
	}
	switch {
	case parsing != nil:
		refuse(nc, http.StatusBadRequest, parsing.Error())
	case target == "/":
		l.introduce(nc)
	case !slices.Contains([]string{"/getCaseCount", "/getCaseInfo", "/getCaseStatus", "/updateReports"}, target):
		refuse(nc, http.StatusNotFound, "there is no "+target+" here; / tells what there is")
	case !hasToken(req.parsed.Header.Values("Upgrade"), "websocket"):
		refuse(nc, http.StatusUpgradeRequired, target+" is for WebSocket clients; / tells more")
	default:
		stop() // who has asked is answered, though the suite may be closed meanwhile
		message, err := l.tell(target, query)
		l.answer(nc, req, message, err)
	}
}

// parseTarget finds a request's path and query even if the request as a whole is wrong, for that is a
// client's result.
func parseTarget(raw string) (string, url.Values, bool) {
	line, _, _ := strings.Cut(raw, "\n")
	words := strings.Fields(line)
	if len(words) < 2 {
		return "", nil, false
	}
	u, err := url.Parse(words[1])
	if err != nil {
		return "", nil, false
	}
	return u.Path, u.Query(), true
}

// tell returns what a resource has to say. An error is for the client to read.
func (l *ClientSuite) tell(target string, query url.Values) (any, error) {
	switch target {
	case "/getCaseCount":
		return len(l.cases), nil
	case "/updateReports":
		name := l.agentName(query)
		l.await(l.ctx, func() bool { a := l.agents[name]; return a == nil || len(a.running) == 0 })
		if l.OnReports != nil && l.ctx.Err() == nil {
			l.OnReports(name)
		}
		return nil, nil
	}
	c, err := l.caseOf(query)
	if err != nil {
		return nil, err
	}
	if target == "/getCaseInfo" {
		return map[string]string{"id": c.ID, "description": c.Name}, nil
	}
	// The client's connection may have ended a moment before the result is there.
	name := l.agentName(query)
	var r *Result
	l.await(l.ctx, func() bool {
		a := l.agents[name]
		if a != nil {
			r = a.results[c]
		}
		return a == nil || a.running[c] == 0
	})
	if r == nil {
		return nil, fmt.Errorf("%q has not run case %s", name, c.ID)
	}
	return map[string]Verdict{"behavior": r.Behavior}, nil
}

// caseOf returns the case that a request is about.
func (l *ClientSuite) caseOf(query url.Values) (*Case, error) {
	if id := query.Get("casetuple"); id != "" {
		if i := slices.IndexFunc(l.cases, func(c *Case) bool { return c.ID == id }); i >= 0 {
			return l.cases[i], nil
		}
		return nil, fmt.Errorf("there is no case %.20q here", id)
	}
	number := query.Get("case")
	if number == "" {
		return nil, errors.New("the parameter case is missing")
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(l.cases) {
		return nil, fmt.Errorf("case=%.20q is not a number from 1 to %d", number, len(l.cases))
	}
	return l.cases[n-1], nil
}

func (l *ClientSuite) agentName(query url.Values) string {
	name := query.Get("agent")
	if name == "" {
		name = l.opts.Agent
	}
	return strings.ToValidUTF8(name[:min(len(name), maxAgentName)], "")
}

// runCase runs a case with the client at the other end of nc.
func (l *ClientSuite) runCase(nc net.Conn, req *request, query url.Values, parsing error) {
	c, err := l.caseOf(query)
	name := l.agentName(query)
	if err == nil {
		err = l.begin(name, c)
	}
	if err != nil {
		if parsing == nil && hasToken(req.parsed.Header.Values("Upgrade"), "websocket") {
			l.answer(nc, req, nil, err)
		} else {
			refuse(nc, http.StatusBadRequest, err.Error())
		}
		return
	}
	var r *Result
	defer func() { l.end(name, c, r) }()
	if l.opts.OnStart != nil {
		l.hooks.Lock()
		l.opts.OnStart(c)
		l.hooks.Unlock()
	}
	s := l.session(nc, c, req)
	s.result.Agent = name
	if parsing != nil {
		s.fail("the request is no HTTP: %v", parsing)
		s.disconnect()
		s.result.Close = Failed
		r = s.result
	} else {
		r = s.perform()
	}
	if l.ctx.Err() != nil {
		r = nil // it was cut
		return
	}
	if l.opts.OnResult != nil {
		l.hooks.Lock()
		l.opts.OnResult(r)
		l.hooks.Unlock()
	}
}

// session returns one with a client whose request has been read.
func (l *ClientSuite) session(nc net.Conn, c *Case, req *request) *session {
	s := newSession(l.ctx, c, Client, &l.opts)
	s.request, s.in = req, req.in
	s.result.Request = cutHead(req.raw)
	s.take(nc)
	return s
}

// begin notes that a client runs a case.
func (l *ClientSuite) begin(name string, c *Case) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.agents[name]
	if a == nil {
		if len(l.agents) >= maxAgents {
			return fmt.Errorf("there have been %d agents already", maxAgents)
		}
		a = &agent{results: map[*Case]*Result{}, running: map[*Case]int{}}
		l.agents[name] = a
		l.names = append(l.names, name)
	}
	a.running[c]++
	return nil
}

// end notes that it has done so. Without a result the case was cut.
func (l *ClientSuite) end(name string, c *Case, r *Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.agents[name]
	if a.running[c]--; a.running[c] == 0 {
		delete(a.running, c)
	}
	if last := a.results[c]; r != nil && (last == nil || r.Began.After(last.Began)) {
		a.results[c] = r
	}
	close(l.turned)
	l.turned = make(chan struct{})
}

// await waits until something is so, or ctx ends. Only a case's end can make it so; what asks is called under
// l.mu.
func (l *ClientSuite) await(ctx context.Context, so func() bool) {
	for {
		l.mu.Lock()
		done, turned := so(), l.turned
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return
		}
	}
}

// answer sends a client one message, if any, and closes the connection; for an error with 1008 and what it
// says.
func (l *ClientSuite) answer(nc net.Conn, req *request, message any, err error) {
	ending := closing(1000, "")
	if err != nil {
		why := err.Error()
		ending = closing(1008, strings.ToValidUTF8(why[:min(len(why), 123)], ""))
	}
	frames := []frame{ending}
	if message != nil {
		content, _ := json.Marshal(message)
		frames = []frame{text(string(content)), ending}
	}
	s := l.session(nc, &Case{run: func(s *session) {
		s.open("")
		s.weBegan = true
		s.send(frames...)
		s.awaitClose(closeRule{byUs: true})
	}}, req)
	s.ctx = context.WithoutCancel(s.ctx)
	s.perform()
}

// introduce says what this is to who looks at it with a browser.
func (l *ClientSuite) introduce(nc net.Conn) {
	reply(nc, http.StatusOK, fmt.Sprintf(`This is a WebSocket conformance suite for clients, with %d cases.

A client asks for the number of cases at /getCaseCount, then for each of them connects
to /runCase?case=N&agent=NAME, where it echoes every message until the connection ends,
and at last connects to /updateReports?agent=NAME. All of them are WebSocket connections.
`, len(l.cases)))
}

func refuse(nc net.Conn, status int, why string) { reply(nc, status, why+"\n") }

// reply answers a request that is none for a WebSocket, and ends the connection.
func reply(nc net.Conn, status int, body string) {
	h := head{line: fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status)), fields: []field{
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Length", strconv.Itoa(len(body))},
		{"Connection", "close"},
	}}
	if status == http.StatusUpgradeRequired {
		h = h.with("Upgrade", "websocket")
	}
	nc.SetDeadline(time.Now().Add(time.Second))
	if _, err := nc.Write([]byte(h.String() + body)); err != nil {
		return
	}
	// What is unread would make the end a reset, which may overtake the answer.
	if half, ok := nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		discard := make([]byte, 4096)
		for range maxHead / len(discard) {
			if _, err := nc.Read(discard); err != nil {
				return
			}
		}
	}
}
