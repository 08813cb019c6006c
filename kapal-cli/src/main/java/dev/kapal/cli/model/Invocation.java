package dev.kapal.cli.model;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.cli.output.Output;
import dev.kapal.cli.output.Style;
import dev.kapal.engine.Engine;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;

/**
 * One run of a command.
 *
 * @param path the words that called it, as {@code kapal volume ls}
 * @param arguments its words, taken apart
 * @param context what the client brought
 * @param out the client's standard output
 * @param err the client's standard error
 * @param services what does the work
 */
public record Invocation(
    String path,
    Arguments arguments,
    CommandContext context,
    Output out,
    Output err,
    Services services) {
  public Engine engine() {
    return services.engine();
  }

  public Instant now() {
    return services.clock().instant();
  }

  /** The client's time zone: TZ, else this host's. */
  public ZoneId zone() {
    try {
      return context.variable("TZ").map(ZoneId::of).orElseGet(ZoneId::systemDefault);
    } catch (DateTimeException e) {
      return ZoneId.systemDefault();
    }
  }

  /** Whether a flag was given. */
  public boolean flag(String option) {
    return arguments.flag(option);
  }

  public List<String> operands() {
    return arguments.operands();
  }

  /** Colour for standard output. */
  public Style style() {
    return Style.of(out.terminal(), context.environment());
  }

  /** Columns to write help and progress for. */
  public int columns() {
    return columns(context);
  }

  /** Columns of the client's terminal, 80 when there is none. */
  public static int columns(CommandContext context) {
    WindowSize size = context.client().windowSize();
    return size.columns() > 0 ? size.columns() : 80;
  }
}
