//! `pytoon review`: judges a finished film by twenty points.

use crate::cli::ReviewArgs;
use crate::commands::resume;
use crate::context::Context;
use crate::output;
use pytoon_pipeline::review::{self, Point, Verdict};
use std::process::ExitCode;

/// Reviews a finished film and prints its points. The exit code reports a lost starred point.
pub(crate) fn run(context: &Context, args: &ReviewArgs) -> anyhow::Result<ExitCode> {
    let root = resume::folder(context, &args.job)?;
    let found = review::review(&context.environment()?, &root, args.format)?;
    let code = if found.starred_lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if context.global.json {
        output::json(&serde_json::to_value(&found)?)?;
        return Ok(code);
    }
    for point in &found.points {
        line_of(point).into_iter().for_each(output::line);
    }
    output::line("");
    output::line(format!(
        "{}: {} of {} measured points passed; {} to look at yourself",
        found.film,
        found.passed,
        found.measured,
        found.points.len() - found.measured
    ));
    if !found.starred_lost.is_empty() {
        let numbers: Vec<String> = found.starred_lost.iter().map(u8::to_string).collect();
        output::line(format!("Do not post it yet: starred points lost: {}", numbers.join(", ")));
    }
    Ok(code)
}

fn line_of(point: &Point) -> Vec<String> {
    let star = if point.starred { "*" } else { " " };
    let verdict = match point.verdict {
        Verdict::Passed => "passed",
        Verdict::Lost => "lost",
        Verdict::Look => "look yourself",
    };
    let measured = point.measured.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
    let mut lines =
        vec![format!("{:>2}{star} {verdict:<13} {}{measured}", point.number, point.name)];
    if let Some(advice) = point.advice {
        let at = point.at.map(|at| format!("frame {} ({:.2} s): ", at.frame, at.seconds));
        lines.push(format!("                  {}{advice}", at.unwrap_or_default()));
    }
    lines
}
