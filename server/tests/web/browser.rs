//! A real Chromium, driven by WebDriver, and what one does in it.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{body::Bytes, http};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use thirtyfour::{
    prelude::*,
    session::http::{Body, HttpClient},
};

/// How long a page may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with a profile of its own; dropped, it is gone.
pub(crate) struct Browser {
    pub(crate) page: WebDriver,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser as people have it.
    pub(crate) async fn start() -> Self {
        Self::start_with(true).await
    }

    /// One whose owner allows no JavaScript.
    pub(crate) async fn start_without_script() -> Self {
        Self::start_with(false).await
    }

    async fn start_with(script: bool) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(tool("chromedriver"))
            .arg("--port=0")
            // Whatever it keeps beside the profile goes with it, too.
            .env("XDG_CONFIG_HOME", profile.path())
            .env("XDG_CACHE_HOME", profile.path())
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let said = lines
            .map(Result::unwrap)
            .find(|line| line.contains("started successfully on port"))
            .unwrap();
        let port = said.trim_end_matches('.').rsplit(' ').next().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        wanted
            .set_binary(tool("chromium").to_str().unwrap())
            .unwrap();
        let folder = format!("--user-data-dir={}", profile.path().display());
        for flag in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            "--window-size=1100,1400",
            &folder,
        ] {
            wanted.add_arg(flag).unwrap();
        }
        if !script {
            let allowed = json!({"profile.managed_default_content_settings.javascript": 2});
            wanted.add_experimental_option("prefs", allowed).unwrap();
        }
        let client = Client(reqwest::Client::new());
        let page = WebDriver::builder(format!("http://127.0.0.1:{port}"), wanted)
            .client(client)
            .await
            .unwrap();
        Self {
            page,
            driver,
            _profile: profile,
        }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.page.goto(url).await.unwrap();
    }

    /// The one element that a selector means.
    pub(crate) async fn at(&self, selector: &str) -> WebElement {
        let found = self.page.find(By::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.at(selector).await.click().await.unwrap();
    }

    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        let field = self.at(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.at(selector).await.text().await.unwrap()
    }

    /// What a field holds.
    pub(crate) async fn value(&self, selector: &str) -> String {
        self.at(selector)
            .await
            .prop("value")
            .await
            .unwrap()
            .unwrap()
    }

    /// Waits until an element says something.
    pub(crate) async fn until_says(&self, selector: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.page.find(By::Css(selector)).await;
            let said = match found {
                Ok(found) => found.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if said.contains(text) {
                return;
            }
            let whole = async || self.text("body").await;
            assert!(
                Instant::now() < deadline,
                "{selector} says `{said}`, never `{text}`: {}",
                whole().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a script in the page; its last argument is called when it is done.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let result = self.page.execute_async(script, vec![]).await.unwrap();
        result.json().clone()
    }

    /// Waits until the script is there that signs with keys.
    pub(crate) async fn until_ready(&self) {
        let script = "const done = arguments[0]; const look = () => document.documentElement.dataset.keys ? done(true) : setTimeout(look, 20); look();";
        self.run(script).await;
    }

    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.page.cdp().send_raw(method, parameters).await.unwrap()
    }

    /// A window this wide, in light or in dark.
    pub(crate) async fn look(&self, width: u32, scheme: &str) {
        let metrics =
            json!({"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Keeps a picture of the whole page for people to look at.
    pub(crate) async fn keep_picture(&self, name: &str) {
        let whole = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.devtools("Page.captureScreenshot", whole).await;
        let picture = picture["data"].as_str().unwrap();
        let folder = workspace().join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let bytes = data_encoding::BASE64.decode(picture.as_bytes()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// Ends it in order; a test that fails leaves that to `drop`.
    pub(crate) async fn quit(self) {
        self.page.clone().quit().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser is a child of the driver, and of its group.
        let group = i32::try_from(self.driver.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.driver.wait();
    }
}

/// `thirtyfour` over the HTTP client that the other tests use.
struct Client(reqwest::Client);

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send(
        &self,
        request: http::Request<Body<'_>>,
    ) -> WebDriverResult<http::Response<Bytes>> {
        let failed = |error: reqwest::Error| WebDriverError::HttpError(error.to_string());
        let (parts, body) = request.into_parts();
        let mut sent = self.0.request(parts.method, parts.uri.to_string());
        sent = sent.headers(parts.headers);
        if let Body::Json(json) = body {
            sent = sent.json(json);
        }
        let answer = sent.send().await.map_err(failed)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(failed)?;
        let response = http::Response::builder().status(status).body(bytes);
        response.map_err(|error| WebDriverError::HttpError(error.to_string()))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self(reqwest::Client::new()))
    }
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program of the set-up.
fn tool(name: &str) -> PathBuf {
    let own = std::env::var_os("PAYNAME_TOOLS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    own.into_iter()
        .chain([workspace().join("target/tools/bin")])
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{name}` is not there; run `make setup`"))
}
