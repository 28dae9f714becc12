//! A connection whose peer does not read is not read from either.
//!
//! Without this a peer could ask and ask while its answers pile up in our memory.
//! The two halves of a connection share a gate: it is shut while a write is held
//! up by the peer, and a read waits for it to open.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

/// Whether the peer takes what it asked for.
#[derive(Default)]
struct Gate {
    shut: bool,
    reader: Option<Waker>,
}

/// The reading half.
pub struct Ears<R> {
    inner: R,
    gate: Arc<Mutex<Gate>>,
}

/// The writing half.
pub struct Mouth<W> {
    inner: W,
    gate: Arc<Mutex<Gate>>,
}

/// Puts a gate between the halves of a connection.
pub fn between<R, W>(read: R, write: W) -> (Ears<R>, Mouth<W>) {
    let gate = Arc::new(Mutex::new(Gate::default()));
    (Ears { inner: read, gate: Arc::clone(&gate) }, Mouth { inner: write, gate })
}

impl<R> Ears<R> {
    /// Ready when the gate is open.
    fn open(&self, cx: &Context<'_>) -> Poll<()> {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if gate.shut {
            gate.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Ears<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(self.open(cx));
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Ears<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        std::task::ready!(self.open(cx));
        Pin::new(&mut self.get_mut().inner).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.inner).consume(amount);
    }
}

impl<W> Mouth<W> {
    /// Shuts the gate while a write is held up, and opens it when one goes through.
    fn mind<T>(&self, written: Poll<T>) -> Poll<T> {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.shut = written.is_pending();
        if !gate.shut
            && let Some(reader) = gate.reader.take()
        {
            reader.wake();
        }
        written
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Mouth<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.mind(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
