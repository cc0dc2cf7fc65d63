//! What work costs, and what is given back when it goes wrong.
//!
//! The numbers are public hints, not promises: they drift. What has no hint costs nothing here.

/// Millionths of a dollar in a cent, and in a Runway credit.
const CENT: u64 = 10_000;

/// Which ends of a job are charged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Billing {
    pub(crate) failed: bool,
    pub(crate) moderated: bool,
    pub(crate) cancelled_in_queue: bool,
    pub(crate) cancelled_running: bool,
}

/// Who bills what. A vendor that documents no refund for a cancel keeps the money here.
pub(crate) fn billing(vendor: &str) -> Billing {
    let (failed, moderated, cancelled_in_queue, cancelled_running) = match vendor {
        // Moderated work costs the same as delivered work; a cancel of running work is not refunded.
        "runway" => (false, true, false, true),
        // Errors of the service are not billed; running work may finish and bill after a cancel.
        "fal" => (false, false, false, true),
        // Failures of any kind are refunded; what a delete does to the bill is undocumented.
        "luma-agents" | "luma-dm" => (false, false, true, true),
        _ => (false, false, false, true),
    };
    Billing { failed, moderated, cancelled_in_queue, cancelled_running }
}

/// Credits for each second, for a Runway model; with sound the higher of two published prices.
pub(crate) fn runway(model: &str, seconds: u64, sound: bool) -> u64 {
    let credits = match (model, sound) {
        ("gen4_turbo", _) => 5,
        ("gen4.5", _) => 12,
        ("veo3.1", true) => 40,
        ("veo3.1", false) => 20,
        ("veo3.1_fast", true) => 15,
        ("veo3.1_fast", false) => 10,
        _ => 36,
    };
    credits * seconds * CENT
}

/// Pika 2.2 at fal: priced for five seconds, so ten cost twice that.
pub(crate) fn pika(resolution: &str, seconds: u64) -> u64 {
    let five_seconds = if resolution == "1080p" { 45 } else { 20 };
    five_seconds * CENT * seconds / 5
}

/// Luma: the one published hint is five seconds of `ray-2`, and a third of it for flash.
pub(crate) fn luma(model: &str, seconds: u64) -> u64 {
    let five_seconds = if model == "ray-flash-2" { 24 } else { 71 };
    five_seconds * CENT * seconds / 5
}

/// The invented vendor asks four cents a second.
pub(crate) fn acme(seconds: u64) -> u64 {
    4 * CENT * seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_follow_the_hints() {
        assert_eq!(runway("gen4_turbo", 5, false), 250_000);
        assert_eq!(pika("720p", 5), 200_000);
        assert_eq!(pika("1080p", 10), 900_000);
        assert_eq!(luma("ray-2", 5), 710_000);
    }
}
