//! The watched service: a small HTTP server that can die and come back on the same port.

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

/// A service on loopback.
pub(crate) struct HttpService {
    address: SocketAddr,
    running: Option<JoinHandle<()>>,
}

impl HttpService {
    /// Starts on a free port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut service = Self { address: listener.local_addr()?, running: None };
        service.serve(listener);
        Ok(service)
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Dies: connections are refused from now on.
    pub(crate) async fn die(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            // Gone for certain only when the task has ended and its listener with it.
            running.await.err();
        }
    }

    /// Comes back on the same port.
    pub(crate) fn come_back(&mut self) -> Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        let listener = socket.listen(64)?;
        self.serve(listener);
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener) {
        let app = Router::new().route("/", get(|| async { ([("connection", "close")], "selamat datang") }));
        self.running = Some(tokio::spawn(async move {
            axum::serve(listener, app).await.ok();
        }));
    }
}
