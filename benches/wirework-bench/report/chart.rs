//! Bar charts, drawn into the page itself.

use anyhow::Result;
use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE,
};
use plotters::style::TextStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::results::{Row, ScenarioResults, Spread};

/// Bars end here, and what is longer says so: one that is sixty times as long would make all others look alike.
const LONGEST: f64 = 4.0;

const WIDTH: u32 = 900;
const BAR: u32 = 30;

const OURS: RGBColor = RGBColor(38, 110, 190);
const THEIRS: RGBColor = RGBColor(165, 165, 170);

/// The ratios of one scenario, as SVG.
pub(super) fn ratios(scenario: &ScenarioResults) -> Result<String> {
    let rows: Vec<_> = scenario.rows.iter().filter_map(|row| Some((row, row.ratio?))).collect();
    let mut svg = String::new();
    let height = BAR * u32::try_from(rows.len())? + 50;
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let places = 0.0..rows.len() as f64;
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(30)
            .y_label_area_size(230)
            .build_cartesian_2d(0.0..LONGEST + 0.6, places)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_desc("CPU time per reply, ratio")
            .draw()?;
        chart.draw_series([PathElement::new(vec![(1.0, 0.0), (1.0, rows.len() as f64)], BLACK)])?;
        for (place, (row, spread)) in rows.iter().rev().enumerate() {
            let middle = place as f64 + 0.5;
            let end = spread.median.min(LONGEST);
            let color = color(row);
            chart.draw_series([Rectangle::new(
                [(0.0, middle - 0.32), (end, middle + 0.32)],
                color.filled(),
            )])?;
            if spread.high <= LONGEST {
                chart.draw_series([PathElement::new(
                    vec![(spread.low, middle), (spread.high, middle)],
                    BLACK,
                )])?;
            }
            let right = label(HPos::Right);
            chart.draw_series([Text::new(row.name.clone(), (-0.05, middle), right)])?;
            let left = label(HPos::Left);
            chart.draw_series([Text::new(
                value(*spread),
                (end.max(spread.high.min(LONGEST)) + 0.05, middle),
                left,
            )])?;
        }
        area.present()?;
    }
    Ok(svg)
}

fn color(row: &Row) -> RGBColor {
    if row.name.starts_with("wirework") { OURS } else { THEIRS }
}

fn label(horizontal: HPos) -> TextStyle<'static> {
    let style: TextStyle<'static> = ("sans-serif", 15).into_font().into();
    style.pos(Pos::new(horizontal, VPos::Center))
}

fn value(spread: Spread) -> String {
    if spread.median > LONGEST {
        format!("{:.1} →", spread.median)
    } else {
        format!("{:.2}", spread.median)
    }
}
