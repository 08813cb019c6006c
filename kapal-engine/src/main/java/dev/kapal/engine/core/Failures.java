package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.image.ImageException;
import dev.kapal.linux.LinuxException;
import dev.kapal.network.NetworkException;
import dev.kapal.oci.OciException;
import dev.kapal.oci.runtime.RuntimeConfigException;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerException.LaunchFailed;
import java.util.regex.Pattern;

/** What the parts below throw, in the engine's words. */
final class Failures {
  /** By which a runtime begins what it says of a container: our own words name it already. */
  private static final Pattern TRIED =
      Pattern.compile("^Cannot [a-z ]{1,40} container [0-9a-f]{64}: ");

  private Failures() {}

  private static String reason(RuntimeException e) {
    return TRIED.matcher(String.valueOf(e.getMessage())).replaceFirst("");
  }

  /**
   * The engine's exception.
   *
   * @param what was tried, on what, such as {@code cannot start container web}
   */
  static EngineException of(String what, RuntimeException e) {
    String message = what + ": " + reason(e);
    return switch (e) {
      case EngineException ee -> ee;
      case LaunchFailed l ->
          switch (l.kind()) {
            case NOT_FOUND -> new EngineException.CommandFailure(message, false, e);
            case NOT_EXECUTABLE -> new EngineException.CommandFailure(message, true, e);
            case SETUP -> new EngineException.RuntimeFailure(message, e);
          };
      case ContainerException.Invalid i -> new EngineException.InvalidArgument(message, i);
      case ContainerException.Unsupported u -> new EngineException.Unsupported(message, u);
      case ContainerException.WrongState w -> new EngineException.Conflict(message, w);
      case ContainerException c -> new EngineException.RuntimeFailure(message, c);
      case NetworkException.NotFound n -> new EngineException.NotFound(message, n);
      case NetworkException.Invalid n -> new EngineException.InvalidArgument(message, n);
      case NetworkException.Conflict n -> new EngineException.Conflict(message, n);
      case NetworkException.InUse n -> new EngineException.Conflict(message, n);
      case NetworkException.Missing n -> new EngineException.Unsupported(message, n);
      case NetworkException n -> new EngineException.NetworkFailure(message, n);
      case ImageException.NotFound i ->
          new EngineException.NotFound(String.valueOf(i.getMessage()), i);
      case ImageException.Ambiguous i -> new EngineException.InvalidArgument(message, i);
      case ImageException.Conflict i -> new EngineException.Conflict(message, i);
      case ImageException.BadRequest i -> new EngineException.InvalidArgument(message, i);
      case ImageException i -> new EngineException.SystemFailure(message, i);
      case OciException o -> new EngineException.InvalidArgument(message, o);
      case RuntimeConfigException c -> new EngineException.InvalidArgument(message, c);
      case LinuxException l -> new EngineException.SystemFailure(message, l);
      case IllegalArgumentException i -> new EngineException.InvalidArgument(message, i);
      default -> new EngineException.SystemFailure(what + ": " + e, e);
    };
  }
}
