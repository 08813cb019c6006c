package dev.kapal.cli.compare;

import dev.kapal.cli.compare.Comparison.Measured;
import dev.kapal.cli.compare.Comparison.Unusable;
import dev.kapal.cli.output.Humans;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A comparison as one page that needs nothing else: no script, no font, no image from elsewhere.
 * Whatever runtimes say of themselves is text, never markup.
 */
final class ComparisonHtml {
  private static final String STYLE =
      """
      :root{--paper:#fbfaf7;--card:#fff;--ink:#1c2126;--soft:#5d666f;--line:#e3e0d8;--track:#efece4;
      --native:#0f766e;--sandbox:#b45309;--vm:#6d28d9;--good:#0f766e;--bad:#b42318;color-scheme:light dark}
      @media(prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1c2024;--ink:#e9e6df;--soft:#a0a8b0;
      --line:#30363c;--track:#272c31;--native:#2dd4bf;--sandbox:#fbbf24;--vm:#a78bfa;--good:#2dd4bf;--bad:#f97066}}
      *{box-sizing:border-box}
      body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
      "Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
      main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 3rem}
      h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem;letter-spacing:-.01em}
      h2{font-size:1.05rem;margin:0}
      .sub{color:var(--soft);margin:0 0 1.5rem}
      .legend{display:flex;flex-wrap:wrap;gap:.35rem 1.5rem;margin:0 0 1.5rem;padding:0;list-style:none;font-size:.9rem}
      .legend b{font-weight:600}
      .dot{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.45em}
      .grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(17rem,100%),1fr))}
      section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.1rem 1.1rem}
      section p{margin:.1rem 0 .8rem;color:var(--soft);font-size:.85rem}
      .row{display:grid;grid-template-columns:1fr auto;gap:.1rem .8rem;align-items:baseline;margin:.55rem 0;font-size:.92rem}
      .row span{overflow-wrap:anywhere}
      .row span+span{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
      .row.best span+span{font-weight:700;color:var(--good)}
      .row.none span+span{color:var(--soft)}
      svg.bar{display:block;grid-column:1/-1;width:100%;height:.6rem;border-radius:3px}
      .track{fill:var(--track)}
      .native{fill:var(--native);background:var(--native)}.sandbox{fill:var(--sandbox);background:var(--sandbox)}
      .vm{fill:var(--vm);background:var(--vm)}
      .wide{margin-top:1rem}
      .scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
      table{border-collapse:collapse;width:100%;font-size:.88rem}
      th,td{text-align:left;padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);white-space:nowrap;
      font-variant-numeric:tabular-nums}
      th{color:var(--soft);font-weight:600}
      tr:last-child td{border-bottom:0}
      .out li{margin:.6rem 0}.out{padding-left:1.1rem;margin:.5rem 0 0}.out b{color:var(--bad)}
      .out small,.note{color:var(--soft);font-size:.85rem}
      footer{color:var(--soft);font-size:.85rem;margin-top:1.5rem}
      @media print{section{break-inside:avoid}}
      """;

  private final StringBuilder out = new StringBuilder(16384);
  private final Comparison comparison;

  private ComparisonHtml(Comparison comparison) {
    this.comparison = comparison;
  }

  /** The whole document. Pure. */
  static String of(Comparison comparison) {
    ComparisonHtml page = new ComparisonHtml(comparison);
    page.write();
    return page.out.toString();
  }

  private void write() {
    Comparison.HostFacts host = comparison.host();
    out.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
        .append("<meta name=\"color-scheme\" content=\"light dark\">\n<title>Runtimes on ")
        .append(escape(host.name()))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<main>\n<h1>Container runtimes on ")
        .append(escape(host.name()))
        .append("</h1>\n<p class=\"sub\">")
        .append(
            escape(
                "The same container ("
                    + comparison.image()
                    + ") under each runtime. Linux "
                    + host.kernel()
                    + ", "
                    + host.architecture()
                    + ", "
                    + host.cpus()
                    + " CPUs, "
                    + Humans.size(host.memory())
                    + ". Latencies are medians of "
                    + comparison.count()
                    + "."))
        .append("</p>\n");
    legend();
    out.append("<div class=\"grid\">\n");
    for (Metric metric : Metric.values()) {
      metric(metric);
    }
    out.append("</div>\n");
    table();
    unusable();
    out.append("<footer>kapal runtime compare, ")
        .append(escape(comparison.when().toString().substring(0, 16).replace('T', ' ')))
        .append(" UTC</footer>\n</main>\n</body>\n</html>\n");
  }

  private void legend() {
    out.append("<ul class=\"legend\">\n");
    tier("native", "namespaces on the host’s kernel: for what you trust");
    tier("sandbox", "a kernel in user space answers: slower system calls");
    tier("vm", "a kernel of its own in a virtual machine: memory and boot time");
    out.append("</ul>\n");
  }

  private void tier(String tier, String what) {
    if (comparison.measured().stream().anyMatch(m -> m.tier().equals(tier))) {
      out.append("<li><span class=\"dot ")
          .append(tier)
          .append("\"></span><b>")
          .append(tier)
          .append("</b> ")
          .append(what)
          .append("</li>\n");
    }
  }

  private void metric(Metric metric) {
    double largest = comparison.largest(metric);
    OptionalDouble best = comparison.best(metric);
    out.append("<section>\n<h2>")
        .append(metric.title())
        .append("</h2>\n<p>")
        .append(escape(metric.explanation()))
        .append(metric.lessIsBetter() ? "; shorter is better" : "; longer is better")
        .append("</p>\n");
    for (Measured m : comparison.measured()) {
      OptionalDouble value = m.value(metric);
      boolean good =
          value.isPresent() && best.isPresent() && near(value.getAsDouble(), best.getAsDouble());
      String text = value.isPresent() ? metric.text(value.getAsDouble()) : "–";
      out.append("<div class=\"row")
          .append(good ? " best" : "")
          .append(value.isPresent() ? "" : " none")
          .append("\"")
          .append(
              m.problems().containsKey(metric)
                  ? " title=\"" + escape(String.valueOf(m.problems().get(metric))) + "\""
                  : "")
          .append("><span>")
          .append(escape(m.name()))
          .append("</span><span>")
          .append(escape(text))
          .append("</span>");
      bar(m, text, largest > 0 ? value.orElse(0) / largest : 0);
      out.append("</div>\n");
    }
    out.append("</section>\n");
  }

  /** What differs by less than machines do from one moment to the next is as good. */
  private static boolean near(double value, double best) {
    return Math.abs(value - best) <= 0.05 * best;
  }

  private void bar(Measured m, String text, double share) {
    // Something that is there is seen, however small it is.
    double width = share > 0 ? Math.max(0.6, share * 100) : 0;
    out.append(
            "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\""
                + " aria-label=\"")
        .append(escape(m.name() + ": " + text))
        .append("\"><rect class=\"track\" width=\"100\" height=\"10\"/><rect class=\"")
        .append(escape(m.tier()))
        .append("\" width=\"")
        .append(String.format(Locale.ROOT, "%.2f", width))
        .append("\" height=\"10\"/></svg>");
  }

  private void table() {
    out.append(
        "<section class=\"wide\">\n<h2>All of it</h2>\n<div class=\"scroll\">\n<table>\n<tr>");
    for (String heading : List.of("Runtime", "Tier", "Kernel inside")) {
      out.append("<th>").append(heading).append("</th>");
    }
    for (Metric metric : Metric.values()) {
      out.append("<th>").append(metric.title()).append("</th>");
    }
    out.append("<th>Version</th></tr>\n");
    for (Measured m : comparison.measured()) {
      out.append("<tr>");
      for (String cell : List.of(m.name(), m.tier(), m.kernel())) {
        out.append("<td>").append(escape(cell)).append("</td>");
      }
      for (Metric metric : Metric.values()) {
        OptionalDouble value = m.value(metric);
        out.append("<td>")
            .append(value.isPresent() ? escape(metric.text(value.getAsDouble())) : "–")
            .append("</td>");
      }
      out.append("<td>").append(escape(m.version())).append("</td></tr>\n");
    }
    out.append("</table>\n</div>\n</section>\n");
  }

  private void unusable() {
    if (comparison.unusable().isEmpty()) {
      return;
    }
    out.append("<section class=\"wide\">\n<h2>Not usable here</h2>\n<ul class=\"out\">\n");
    for (Unusable u : comparison.unusable()) {
      out.append("<li><b>")
          .append(escape(u.name()))
          .append("</b> ")
          .append(escape(u.reason()))
          .append(
              u.remedy().isEmpty() ? "" : "<br><small>To do: " + escape(u.remedy()) + "</small>")
          .append("</li>\n");
    }
    out.append("</ul>\n</section>\n");
  }

  static String escape(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.chars()
        .forEach(c -> {
          switch (c) {
            case '&' -> safe.append("&amp;");
            case '<' -> safe.append("&lt;");
            case '>' -> safe.append("&gt;");
            case '"' -> safe.append("&quot;");
            case '\'' -> safe.append("&#39;");
            default -> safe.append(Character.isISOControl(c) ? ' ' : (char) c);
          }
        });
    return safe.toString();
  }
}
