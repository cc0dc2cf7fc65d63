//! Adds up the counters of several processes and formats them as Prometheus text.
//!
//! Each process stores its counters in the database. The counters of a process that has ended remain, so that sums
//! never decrease. Gauges belong to one process and are not added up.

use std::collections::BTreeMap;

/// A metric in Prometheus text: its header lines and its samples.
#[derive(Debug, Default)]
struct Family {
    /// The `# HELP` and `# TYPE` lines of the metric.
    head: Vec<String>,
    is_gauge: bool,
    /// The sample names with their labels, in the order of the text.
    samples: Vec<String>,
    values: BTreeMap<String, f64>,
}

/// Adds the counters in other processes' Prometheus text to those of this process. The gauges are this process's own.
pub fn merge(own: &str, others: &[&str]) -> String {
    let mut families: Vec<(String, Family)> = Vec::new();
    read(own, true, &mut families);
    for text in others {
        read(text, false, &mut families);
    }
    let mut text = String::new();
    for (_, family) in families {
        // A gauge that only other processes have has no current value.
        if family.is_gauge && family.samples.is_empty() {
            continue;
        }
        for line in family.head {
            text.push_str(&line);
            text.push('\n');
        }
        for sample in family.samples {
            let value = family.values.get(&sample).copied().unwrap_or_default();
            text.push_str(&format!("{sample} {value}\n"));
        }
        text.push('\n');
    }
    text
}

/// Adds up the counters in several Prometheus texts. Drops their gauges.
pub fn add_up(texts: &[&str]) -> String {
    merge("", texts)
}

fn read(text: &str, is_own: bool, families: &mut Vec<(String, Family)>) {
    let mut current: Option<usize> = None;
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            let (what, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let at = families.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                families.push((name.to_owned(), Family::default()));
                families.len() - 1
            });
            let family = &mut families[at].1;
            if !family.head.iter().any(|known| known.starts_with(&format!("# {what} "))) {
                family.head.push(line.to_owned());
            }
            if what == "TYPE" {
                family.is_gauge = words.next() == Some("gauge");
            }
            current = Some(at);
        } else if let (Some(at), Some((sample, value))) = (current, line.rsplit_once(' ')) {
            let family = &mut families[at].1;
            let Ok(value) = value.parse::<f64>() else { continue };
            if family.is_gauge && !is_own {
                continue;
            }
            if !family.values.contains_key(sample) {
                family.samples.push(sample.to_owned());
            }
            *family.values.entry(sample.to_owned()).or_default() += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{add_up, merge};

    #[test]
    fn counters_add_up_and_gauges_are_ones_own() {
        let own = "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"1 2\"} 3\n\n\
                   # TYPE g gauge\ng 2\n";
        let other = "# TYPE a_total counter\na_total{x=\"1 2\"} 4\na_total{x=\"b\"} 1\n\n\
                     # TYPE g gauge\ng 9\n\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 0.5\n";
        let text = merge(own, &[other, other]);
        for line in [
            "# HELP a_total Things.",
            "a_total{x=\"1 2\"} 11",
            "a_total{x=\"b\"} 2",
            "g 2",
            "h_bucket{le=\"1\"} 4",
            "h_sum 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
        assert_eq!(text.matches("# TYPE a_total").count(), 1);
        // Ended processes may be added up first, and repeatedly.
        let twice = add_up(&[&add_up(&[other]), other]);
        assert!(!twice.contains("g 9") && !twice.contains("# TYPE g"), "{twice}");
        assert_eq!(merge(own, &[&twice]), text);
    }
}
