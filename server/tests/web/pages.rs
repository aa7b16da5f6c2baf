//! The pages as bytes: what is on them, what they allow, and what they do not tell.

use payname_api::{Problem, State};
use payname_resolver::{Amount, Instructions};
use reqwest::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HOST},
};

use crate::scene::{Answer, Contact, DOMAIN, OFFER, Scene, keys, uri};

impl Contact {
    /// What a browser is given.
    pub(crate) async fn page(
        &self,
        path: &str,
    ) -> (StatusCode, String, reqwest::header::HeaderMap) {
        self.page_at(path, DOMAIN).await
    }

    async fn page_at(
        &self,
        path: &str,
        host: &str,
    ) -> (StatusCode, String, reqwest::header::HeaderMap) {
        let url = format!("http://{}{path}", self.http);
        let request = self.client.get(url).header(ACCEPT, "text/html,*/*;q=0.8");
        let answer = request.header(HOST, host).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, answer.text().await.unwrap(), headers)
    }
}

/// A scene in which a user is published with this URI.
async fn with(user: &str, uri: &str) -> (Scene, Contact) {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), user, uri).await.handle();
    contact.until(user, State::Published).await;
    (scene, contact)
}

#[tokio::test]
async fn the_pay_page_shows_the_proven_code_byte_for_byte() {
    let wanted = format!("bitcoin:?lno={OFFER}");
    let (_scene, contact) = with("alice", &wanted).await;
    let (status, html, headers) = contact.page("/alice").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(html.contains(&format!("href=\"{wanted}\"")), "{html}");
    assert!(html.contains(&format!(">{wanted}</textarea>")), "{html}");
    assert!(
        html.contains("Proven by DNSSEC") && html.contains("its own nameserver"),
        "{html}"
    );
    assert!(html.contains("payname verify alice@example.test --proof alice@example.test.proof --anchors example.test.ds"), "{html}");
    let same = contact.page(&format!("/{DOMAIN}/alice")).await;
    assert_eq!((same.0, &same.1), (status, &html));
    let elsewhere = contact.page_at("/alice", "localhost:1").await;
    assert_eq!(elsewhere.1, html, "the only domain needs no host");
}

#[tokio::test]
async fn the_other_forms_of_a_page_are_json_the_picture_and_the_proof() {
    let (_scene, contact) = with("alice", &uri("a")).await;
    let api = contact
        .get(&payname_api::paths::handle(DOMAIN, "alice"))
        .await;
    for path in ["/alice.json", "/example.test/alice.json"] {
        assert_eq!(contact.get(path).await.body, api.body, "{path}");
    }
    let proof = contact
        .get(&payname_api::paths::proof(DOMAIN, "alice"))
        .await;
    for path in ["/alice/proof", "/example.test/alice/proof"] {
        assert_eq!(contact.get(path).await.body, proof.body, "{path}");
    }
    for path in [
        "/alice.svg",
        "/alice.svg?way=0",
        "/alice.svg?amount=5&unit=sat",
    ] {
        let picture: Answer = contact.get(path).await;
        assert_eq!(picture.headers[CONTENT_TYPE], "image/svg+xml", "{path}");
        assert!(picture.body.starts_with(b"<svg xmlns="), "{path}");
    }
    assert_eq!(
        contact.get("/alice.svg?way=7").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_name_that_never_was_one_that_was_removed_and_one_that_is_off_look_the_same() {
    let (_scene, contact) = with("removed", &uri("a")).await;
    contact
        .put(&keys(1), "hidden-one", &uri("b"))
        .await
        .handle();
    contact.delete(&keys(1), "removed").await;
    contact.until("removed", State::Removed).await;
    contact
        .post(&keys(1), "hidden-one", "disable")
        .await
        .handle();
    for (form, user) in ["", ".json", ".svg", "/proof"]
        .into_iter()
        .flat_map(|form| [(form, "removed"), (form, "hidden-one")])
    {
        let (gone, text, headers) = contact.page(&format!("/{user}{form}")).await;
        let (never, other, other_headers) = contact.page(&format!("/nobody{form}")).await;
        assert_eq!(gone, StatusCode::NOT_FOUND, "{user}{form}");
        assert_eq!(never, StatusCode::NOT_FOUND, "{user}{form}");
        assert_eq!(text, other, "{user}{form}");
        let without_date = |mut headers: reqwest::header::HeaderMap| {
            headers.remove("date");
            headers.remove("x-request-id");
            headers
        };
        assert_eq!(
            without_date(headers),
            without_date(other_headers),
            "{user}{form}"
        );
        let program = contact.get(&format!("/{user}{form}")).await;
        let never = contact.get(&format!("/nobody{form}")).await;
        assert_eq!(without_id(&program), without_id(&never), "{user}{form}");
        let manage = contact.page(&format!("/~/manage?user={user}")).await;
        let never = contact.page("/~/manage?user=nobody").await;
        assert_eq!(manage.1.replace(user, "nobody"), never.1);
    }
}

#[tokio::test]
async fn an_amount_is_added_exactly_and_marked_as_added() {
    let wanted = format!("bitcoin:?lno={OFFER}");
    let (_scene, contact) = with("alice", &wanted).await;
    for query in ["amount=25000&unit=sat", "amount=0.00025&unit=btc"] {
        let (_, html, _) = contact.page(&format!("/alice?{query}")).await;
        let asking = format!("{wanted}&amp;amount=0.00025");
        assert!(html.replace("&#38;", "&amp;").contains(&asking), "{html}");
        assert!(
            html.contains("25,000 sat</strong> was added by this page"),
            "{html}"
        );
    }
    let instructions = Instructions::parse(&format!("{wanted}&amount=0.00025")).unwrap();
    assert_eq!(instructions.amount(), Amount::from_sat(25_000).ok());
    let (status, html, _) = contact.page("/alice?amount=%3Cb%3E&unit=sat").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        html.contains("id=\"amount-error\"") && !html.contains("<b>"),
        "{html}"
    );
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let label = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AEevil%1B[31m";
    let (_scene, contact) = with("a-b.c_d", &uri(label)).await;
    let (_, html, _) = contact.page("/a-b.c_d").await;
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(
        !html.contains('\u{202e}') && !html.contains('\u{1b}'),
        "{html}"
    );
    assert!(html.contains("\\u{202e}evil\\u{1b}[31m"), "{html}");
}

#[tokio::test]
async fn nothing_from_elsewhere_is_allowed_on_any_page() {
    let (_scene, contact) = with("alice", &uri("a")).await;
    for path in [
        "/",
        "/alice",
        "/nobody",
        "/alice.svg",
        "/example.test",
        "/~/nothing",
    ] {
        let (_, html, headers) = contact.page(path).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none';"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        for inline in [
            "<style",
            " style=",
            " onclick=",
            "<script>",
            "src=\"http",
            "url(",
        ] {
            assert!(!html.contains(inline), "{path} has `{inline}`");
        }
    }
}

#[tokio::test]
async fn the_files_of_pages_are_kept_for_good_and_change_their_names_with_their_content() {
    let plain = Scene::start().await;
    let themed = Scene::start_serving("[web]\nname = \"Names <&>\"\ncolour = \"#0b4f6c\"").await;
    let mut styles = Vec::new();
    for scene in [&plain, &themed] {
        let contact = scene.contact();
        let (_, html, _) = contact.page("/").await;
        let style = html
            .split("href=\"/~/")
            .find(|part| part.contains(".css\""))
            .unwrap();
        let file = style.split('"').next().unwrap().to_owned();
        let (status, css, headers) = contact.page(&format!("/~/{file}")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        styles.push((file, css, html));
    }
    assert_ne!(styles[0].0, styles[1].0);
    assert!(styles[1].1.contains("--accent:#0b4f6c"), "{}", styles[1].1);
    assert!(
        styles[1].2.contains("Names &#60;&#38;&#62;"),
        "{}",
        styles[1].2
    );
}

#[tokio::test]
async fn names_that_are_paths_are_given_to_nobody() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for user in ["v1", "livez", "alice.json", "alice.svg", "proof", DOMAIN] {
        let answer = contact.put(&keys(1), user, &uri("a")).await;
        assert_eq!(answer.code(), "reserved", "{user}");
    }
}

#[tokio::test]
async fn pages_can_be_switched_off() {
    let scene = Scene::start_serving("[web]\nenabled = false").await;
    let contact = scene.contact();
    assert_eq!(contact.get("/").await.code(), "unknown_route");
    assert_eq!(contact.get("/alice").await.code(), "unknown_route");
}

/// A problem without the id of its request, which is another one each time.
fn without_id(answer: &Answer) -> Problem {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap();
    Problem {
        request_id: None,
        ..problem
    }
}

/// What a form of a page sends.
pub(super) async fn send(
    contact: &Contact,
    path: &str,
    origin: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, String) {
    let url = format!("http://{}{path}", contact.http);
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = contact.client.post(url).body(body).header("origin", origin);
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing_even_with_the_right_key() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let key = keys(1).secret_key().to_secret_hex();
    let fields = [("user", "alice"), ("uri", OFFER), ("key", &key)];
    for path in ["check", "key", "sign"] {
        let path = format!("/~/register/{path}");
        let (status, html) = send(&contact, &path, "https://evil.example", &fields).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{html}");
    }
    let handle = payname_api::paths::handle(DOMAIN, "alice");
    assert_eq!(contact.get(&handle).await.status, StatusCode::NOT_FOUND);
    let own = contact.public_url.trim_end_matches('/').to_owned();
    send(&contact, "/~/register/sign", &own, &fields).await;
    contact.until("alice", State::Published).await;
}

#[tokio::test]
async fn a_name_that_cannot_be_had_is_told_with_the_reason() {
    let (_scene, contact) = with("alice", &uri("a")).await;
    for (user, status, reason) in [
        ("alice", 409, "is not free"),
        ("v1", 422, "in the way of an address"),
        ("a b", 422, "contains"),
        ("%3Cb%3E", 422, "only letters"),
    ] {
        let (told, html, _) = contact.page(&format!("/~/register?user={user}")).await;
        assert_eq!(told.as_u16(), status, "{html}");
        assert!(
            html.contains(reason) && !html.contains("<b>"),
            "{user}: {html}"
        );
    }
    contact.delete(&keys(1), "alice").await;
    let (told, html, _) = contact.page("/~/register?user=alice").await;
    assert_eq!(told, StatusCode::CONFLICT, "removed is told as taken");
    assert!(html.contains("is not free"));
}

#[tokio::test]
async fn what_is_not_worth_publishing_is_refused_before_it_is_signed() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let own = contact.public_url.trim_end_matches('/').to_owned();
    for (typed, reason) in [
        ("", "to pay"),
        ("lno1x", "lno"),
        ("hello", "hello"),
        ("bitcoin:?label=a", "way to pay"),
    ] {
        let fields = [("user", "alice"), ("uri", typed)];
        let (status, html) = send(&contact, "/~/register/check", &own, &fields).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(html.contains("id=\"uri-error\""), "{typed}: {html}");
        let error = html
            .split("id=\"uri-error\"")
            .nth(1)
            .unwrap()
            .split("</p>")
            .next()
            .unwrap();
        assert!(
            error.contains(reason) || error.contains("address"),
            "{typed}: {error}"
        );
    }
}

#[tokio::test]
async fn with_several_domains_the_host_says_which_or_the_path_does() {
    let other = "[[domain]]\nname = \"other.test\"\nnameservers = [\"ns1.example.test\"]";
    let scene = Scene::start_serving(other).await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let own = contact.page_at("/alice", "pay.example.test:8080").await;
    assert_eq!(own.0, StatusCode::OK);
    for (path, host, status) in [
        ("/alice", "other.test", 404),
        ("/alice", "localhost", 404),
        ("/alice", "notexample.test", 404),
        ("/example.test/alice", "other.test", 200),
        ("/example.test/alice", "localhost", 200),
        ("/other.test/alice", "example.test", 404),
    ] {
        let (told, html, _) = contact.page_at(path, host).await;
        assert_eq!(told.as_u16(), status, "{path} at {host}");
        if status == 200 {
            let picture = "src=\"/example.test/alice.svg?way=0\"";
            assert!(
                html.contains(picture),
                "links stay under the domain: {html}"
            );
        }
    }
    let (_, html, _) = contact.page_at("/", "localhost").await;
    assert!(html.contains("href=\"/example.test\"") && html.contains("href=\"/other.test\""));
    let (_, html, _) = contact.page_at("/", "other.test").await;
    assert!(html.contains("Name at other.test"), "{html}");
}

#[tokio::test]
async fn a_page_is_drawn_anew_when_its_name_pays_something_else() {
    let (_scene, contact) = with("alice", &uri("first")).await;
    let before = contact.page("/alice").await.1;
    assert_eq!(contact.page("/alice").await.1, before);
    assert!(before.contains("label=first"));
    contact
        .put(&keys(1), "alice", &uri("second"))
        .await
        .handle();
    let meanwhile = contact.page("/alice").await.1;
    assert!(!meanwhile.contains("label=first"), "{meanwhile}");
    contact.until("alice", State::Published).await;
    let after = contact.page("/alice").await.1;
    assert!(after.contains("label=second") && after.contains("Proven by DNSSEC"));
}
