//! An HTTP server on this machine that answers as a Supabase project's API does: keys first, then `PostgREST`.
//!
//! - `apikey` says the role. A key that begins with `sb_` is no JWT: beside it, `Authorization` may only repeat it.
//!   Secret keys are refused to browsers.
//! - What goes wrong between a client and a project can be ordered ([`Fault`]), in advance or for good.
//!
//! Not here: what a call does (`rest`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::rest::{Reply, Request, Rest};

/// The key that may be known to everybody.
pub const PUBLISHABLE: &str = "sb_publishable_of_the_tests";
/// The key that may do everything that is granted to `service_role`.
pub const SECRET: &str = "sb_secret_of_the_tests";
/// The same as JWTs, as older projects have them; nobody checks the signatures here.
pub const LEGACY_ANON: &str = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl";
pub const LEGACY_SERVICE: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl";

/// The most bytes of a body.
const BODY_BYTES: usize = 10_000_000;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection ends before the request was carried out.
    DropRequest,
    /// The request is carried out, and then the connection ends.
    DropReply,
    /// The answer comes so much later.
    Delay(Duration),
    /// The request is carried out so much later, whether or not somebody still waits for the answer.
    Late(Duration),
    /// The request is carried out, and half of the answer arrives.
    Truncate,
    /// A page for people, as a paused project or a hotel's network shows.
    Html,
    /// Such a page with this status.
    Page(u16),
    /// Somewhere else is to be asked, as networks that want a login say.
    Redirect,
    /// This status with an empty JSON object, and nothing is carried out.
    Status(u16),
    /// The request is carried out twice, and the second answer arrives.
    Twice,
    /// The connection ends, and the request is still under way until [`Fault::Overtaken`].
    Hold,
    /// The request is carried out, and a copy of it is still under way until [`Fault::Overtaken`].
    Again,
    /// What is still under way arrives first, and nobody hears of it.
    Overtaken,
}

/// What is to go wrong: first these in turn, then always this.
struct Plan {
    next: VecDeque<Fault>,
    then: Fault,
    /// The keys of the tests are no longer good.
    rotated: bool,
}

/// A running gateway; it stops when dropped.
pub struct Gateway {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    plan: Arc<Mutex<Plan>>,
    late: Arc<Mutex<Vec<Received>>>,
    counts: Counts,
    most: Arc<AtomicUsize>,
    /// Kept to be dropped last, by a thread that may close connections.
    _rest: Arc<Rest>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Gateway {
    /// Serves these calls on a free port.
    pub fn start(rest: Rest) -> Self {
        let plan =
            Arc::new(Mutex::new(Plan { next: VecDeque::new(), then: Fault::None, rotated: false }));
        let (stop, stopped) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let rest = Arc::new(rest);
        let most = Arc::new(AtomicUsize::new(BODY_BYTES));
        let (late, counts) = (Arc::default(), Counts::default());
        let front = Front {
            rest: Arc::clone(&rest),
            plan: Arc::clone(&plan),
            late: Arc::clone(&late),
            counts: Arc::clone(&counts),
            most: Arc::clone(&most),
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("threads can be started");
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                told.send(listener.local_addr().expect("it is bound")).expect("somebody waits");
                tokio::select! {
                    () = front.serve(listener) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        let url = format!("http://{}", address.recv().expect("it started"));
        let (stop, thread) = (Some(stop), Some(thread));
        Self { url, plan, late, counts, most, _rest: rest, stop, thread }
    }

    /// From now on a body of more bytes is refused with 413.
    pub fn takes_at_most(&self, bytes: usize) {
        self.most.store(bytes, Ordering::Relaxed);
    }

    /// From now on this happens to every request that has none of its own.
    pub fn always(&self, fault: Fault) {
        self.plan.lock().expect("nobody panicked").then = fault;
    }

    /// From now on the project has other keys.
    pub fn rotate_keys(&self) {
        self.plan.lock().expect("nobody panicked").rotated = true;
    }

    /// These happen to the next requests.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.plan.lock().expect("nobody panicked").next.extend(faults);
    }

    /// How often each function was asked, answered or not.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.counts.lock().expect("nobody panicked").clone()
    }

    /// What is still under way never arrives.
    pub fn lose_what_is_late(&self) {
        self.late.lock().expect("nobody panicked").clear();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it ends when told");
        }
    }
}

#[derive(Clone)]
struct Front {
    rest: Arc<Rest>,
    plan: Arc<Mutex<Plan>>,
    late: Arc<Mutex<Vec<Received>>>,
    counts: Counts,
    most: Arc<AtomicUsize>,
}

/// How often each function was asked.
type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

/// A request with all of its body; none: it was too large.
type Received = hyper::Request<Option<Bytes>>;

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

type Answer = Result<Response<Full<Bytes>>, Cut>;

impl Front {
    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().carry(stream));
        }
    }

    async fn carry(self, stream: TcpStream) {
        let service = service_fn(move |request| self.clone().answer(request));
        let served = hyper::server::conn::http1::Builder::new();
        // A client that went away is its own affair.
        drop(served.serve_connection(TokioIo::new(stream), service).await);
    }

    async fn answer(self, request: hyper::Request<Incoming>) -> Answer {
        if let Some(function) = request.uri().path().strip_prefix("/rest/v1/rpc/") {
            let mut counts = self.counts.lock().expect("nobody panicked");
            *counts.entry(function.to_owned()).or_default() += 1;
        }
        let fault = {
            let mut plan = self.plan.lock().expect("nobody panicked");
            plan.next.pop_front().unwrap_or(plan.then)
        };
        match fault {
            Fault::DropRequest => return Err(Cut),
            Fault::Html => return Ok(page(200)),
            Fault::Page(status) => return Ok(page(status)),
            Fault::Redirect => return Ok(elsewhere()),
            Fault::Status(status) => return Ok(plain(status, "{}".into())),
            _ => {}
        }
        let request = receive(request, self.most.load(Ordering::Relaxed)).await;
        match fault {
            Fault::Hold => {
                self.keep(request);
                return Err(Cut);
            }
            Fault::Late(time) => {
                let late = async move {
                    tokio::time::sleep(time).await;
                    self.carry_out(request).await
                };
                return tokio::spawn(late).await.map(response).map_err(|_ended| Cut);
            }
            Fault::Again => self.keep(request.clone()),
            Fault::Twice => drop(self.carry_out(request.clone()).await),
            Fault::Overtaken => {
                let late = std::mem::take(&mut *self.late.lock().expect("nobody panicked"));
                for request in late {
                    drop(self.carry_out(request).await);
                }
            }
            _ => {}
        }
        let reply = self.carry_out(request).await;
        match fault {
            Fault::DropReply => Err(Cut),
            Fault::Truncate => Ok(plain(reply.status, half(&reply.body).into())),
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                Ok(response(reply))
            }
            _ => Ok(response(reply)),
        }
    }

    fn keep(&self, request: Received) {
        self.late.lock().expect("nobody panicked").push(request);
    }

    async fn carry_out(&self, request: Received) -> Reply {
        let (head, body) = request.into_parts();
        let named = head.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let headers: Vec<(String, String)> = named.collect();
        if self.plan.lock().expect("nobody panicked").rotated {
            let body = json!({ "message": "Invalid API key" }).to_string();
            return Reply { status: 401, headers: vec![], body };
        }
        let role = match role_of(&headers) {
            Ok(role) => role.to_owned(),
            Err(reply) => return reply,
        };
        let Some(function) = head.uri.path().strip_prefix("/rest/v1/rpc/") else {
            return Reply::error(404, "PGRST125", "Invalid path specified in request URL");
        };
        let function = function.to_owned();
        let Some(body) = body else {
            return Reply {
                status: 413,
                headers: vec![],
                body: "{\"message\":\"too large\"}".into(),
            };
        };
        let method = head.method.as_str().to_owned();
        let arguments = match method.as_str() {
            "GET" => Some(query(head.uri.query().unwrap_or_default())),
            "POST" => serde_json::from_slice::<Value>(&body).ok(),
            _ => return Reply::error(405, "PGRST101", "Cannot use this method on RPC"),
        };
        let Some(arguments) = arguments else {
            return Reply::error(400, "PGRST102", "Empty or invalid json");
        };
        let call = Request { role, method, function, headers, arguments };
        let rest = Arc::clone(&self.rest);
        tokio::task::spawn_blocking(move || rest.answer(&call)).await.expect("it does not panic")
    }
}

async fn receive(request: hyper::Request<Incoming>, most: usize) -> Received {
    let (head, body) = request.into_parts();
    let body = http_body_util::Limited::new(body, most).collect().await;
    hyper::Request::from_parts(head, body.ok().map(http_body_util::Collected::to_bytes))
}

/// The first half of a text, as far as its bytes are characters.
fn half(text: &str) -> &str {
    let middle = text.len() / 2;
    &text[..(0..=middle).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)]
}

/// The role of the key, or why there is none.
fn role_of(headers: &[(String, String)]) -> Result<&'static str, Reply> {
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let unauthorised = |why: &str| {
        let body = json!({ "message": why }).to_string();
        Reply { status: 401, headers: vec![], body }
    };
    let Some(key) = header("apikey") else {
        return Err(unauthorised("No API key found in request"));
    };
    let role = match key {
        PUBLISHABLE | LEGACY_ANON => "anon",
        SECRET | LEGACY_SERVICE => "service_role",
        _ => return Err(unauthorised("Invalid API key")),
    };
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer.is_some_and(|bearer| bearer != key) {
        return Err(Reply::error(401, "PGRST301", "JWT is not the key"));
    }
    if key == SECRET && header("user-agent").is_some_and(|agent| agent.starts_with("Mozilla/")) {
        return Err(unauthorised("Forbidden use of secret API key in browser"));
    }
    Ok(role)
}

/// A query's arguments, each as text.
fn query(text: &str) -> Value {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let mut arguments = Map::new();
    for (name, value) in pairs {
        let value = decoded(value);
        arguments
            .insert(decoded(name), serde_json::from_str(&value).unwrap_or(Value::String(value)));
    }
    Value::Object(arguments)
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = plain(reply.status, reply.body);
    for (name, value) in reply.headers {
        let name = header::HeaderName::try_from(name).expect("a function names headers");
        response.headers_mut().insert(name, value.try_into().expect("a header's value"));
    }
    response
}

fn plain(status: u16, body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Full::new(body.into()))
        .expect("its parts are valid")
}

fn elsewhere() -> Response<Full<Bytes>> {
    Response::builder()
        .status(StatusCode::FOUND)
        .header(header::LOCATION, "http://login.example/")
        .body(Full::new(Bytes::new()))
        .expect("its parts are valid")
}

fn page(status: u16) -> Response<Full<Bytes>> {
    let page = "<!doctype html><title>This project is paused</title>";
    Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header(header::CONTENT_TYPE, "text/html")
        .body(Full::new(page.into()))
        .expect("its parts are valid")
}
