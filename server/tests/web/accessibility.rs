//! What people need who do not see, hear or point as others do: axe-core's verdict, in every look.

use data_encoding::HEXLOWER;
use serde_json::Value;

use super::browser::{Browser, workspace};

/// The digest of the axe-core that is judged by.
const AXE: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";
/// The widths that pages are looked at, in CSS pixels: the least that WCAG 1.4.10 asks for, and a desk.
const WIDTHS: [u32; 2] = [320, 1100];

/// Judges the page that is open: light and dark, narrow and wide; keeps a picture of each.
pub(crate) async fn judge(browser: &Browser, name: &str) {
    let axe = axe();
    for width in WIDTHS {
        for scheme in ["light", "dark"] {
            browser.look(width, scheme).await;
            browser
                .keep_picture(&format!("{name}-{width}-{scheme}"))
                .await;
            let wide = browser
                .run("arguments[0](document.documentElement.scrollWidth)")
                .await;
            assert!(
                wide.as_u64().unwrap() <= width.into(),
                "{name} is {wide} wide at {width}"
            );
            let script = format!(
                "const done = arguments[arguments.length - 1];\n{axe}\naxe.run({{resultTypes: ['violations']}}).then(done, error => done(String(error)));"
            );
            let verdict = browser.run(&script).await;
            let violations = verdict["violations"].as_array();
            let violations = violations.unwrap_or_else(|| panic!("{name}: {verdict}"));
            let told: Vec<String> = violations.iter().map(tell).collect();
            assert!(told.is_empty(), "{name}, {width} px, {scheme}: {told:#?}");
            let passes = verdict["passes"].as_array().map_or(0, Vec::len);
            assert!(
                passes > 5,
                "axe has judged by {passes} rules only: {verdict}"
            );
        }
    }
}

fn axe() -> String {
    let file = workspace().join("tests/vendor/axe-core/axe.min.js");
    let bytes = std::fs::read(file).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    assert_eq!(HEXLOWER.encode(digest.as_ref()), AXE);
    String::from_utf8(bytes).unwrap()
}

fn tell(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().unwrap().iter();
    let nodes: Vec<&str> = nodes.filter_map(|node| node["html"].as_str()).collect();
    format!("{}: {} {nodes:?}", violation["id"], violation["help"])
}
