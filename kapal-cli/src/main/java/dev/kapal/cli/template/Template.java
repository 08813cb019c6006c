package dev.kapal.cli.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A template in the subset of Go's text/template that people use with {@code --format}: fields,
 * variables, pipelines, if, with, range, break, continue, comments, trimming, the standard
 * functions and docker's (json, join, split, lower, upper, title, pad, truncate). Immutable; work
 * on hostile templates is bounded.
 */
public final class Template {
  private final List<Node> nodes;

  private Template(List<Node> nodes) {
    this.nodes = nodes;
  }

  /**
   * Reads a template.
   *
   * @throws TemplateException when it is not well-formed
   */
  public static Template parse(String text) {
    return new Template(TemplateParser.parse(text));
  }

  /**
   * Applies it to a value: null, Boolean, Long, Double, String, {@link List}, {@link java.util.Map}
   * or {@link Struct}.
   *
   * @throws TemplateException when the template does not fit the value
   */
  public String apply(@Nullable Object dot) {
    return new Executor(dot, false).run(nodes);
  }

  /** Applies it to headings: functions that would change a text leave it as it is. */
  public String heading(Struct headings) {
    return new Executor(headings, true).run(nodes);
  }
}
