package dev.kapal.cli.command;

import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.template.TemplateException;
import dev.kapal.config.text.ConfigException;
import dev.kapal.engine.EngineException;
import dev.kapal.image.ImageException;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.linux.LinuxException;
import dev.kapal.network.NetworkException;
import dev.kapal.oci.OciException;

/** The one place where what was thrown becomes an exit status and a sentence. */
public final class Failures {
  /** The status of run and create when they fail before the container does. */
  static final int DAEMON = 125;

  private static final int PLAIN = 1;

  private static final System.Logger LOG = System.getLogger(Failures.class.getName());

  private Failures() {}

  /** The exit status of a command that ended with this. */
  public static int status(RuntimeException e) {
    return switch (e) {
      case UsageException usage -> usage.status();
      case CommandFailedException failed -> failed.status();
      case EngineException.CommandFailure command -> command.exitCode();
      default -> PLAIN;
    };
  }

  /** The sentence to tell. */
  public static String message(RuntimeException e) {
    return switch (e) {
      case UsageException u -> text(u);
      case CommandFailedException c -> text(c);
      case EngineException engine -> text(engine);
      case ImageException image -> text(image);
      case RegistryException registry -> text(registry);
      case NetworkException network -> text(network);
      case OciException oci -> text(oci);
      case ConfigException config -> text(config);
      case LinuxException linux -> text(linux);
      case IllegalArgumentException argument when argument.getMessage() != null -> text(argument);
      case TemplateException template ->
          "the template of --format does not work: " + text(template);
      default -> {
        LOG.log(System.Logger.Level.ERROR, "a command failed in an unforeseen way", e);
        yield "internal error: " + e + "; the daemon's log has more, please report it";
      }
    };
  }

  /** Whether it only says that the caller went away. */
  public static boolean cancelled(RuntimeException e) {
    return e instanceof RegistryException.Cancelled || e.getCause() instanceof InterruptedException;
  }

  private static String text(RuntimeException e) {
    return String.valueOf(e.getMessage());
  }
}
