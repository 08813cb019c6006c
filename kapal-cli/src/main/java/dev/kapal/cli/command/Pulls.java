package dev.kapal.cli.command;

import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.UsageException;
import dev.kapal.cli.output.Output;
import dev.kapal.cli.output.Progress;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.PullPolicy;
import dev.kapal.image.PullRequest;
import dev.kapal.oci.Platform;
import java.util.Locale;
import java.util.Optional;

/** Gets images, showing how it goes on. */
final class Pulls {
  private Pulls() {}

  /** Something that needs an image. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws InterruptedException;
  }

  /** The policy of run and create. */
  static PullPolicy policy(Invocation i) {
    String text = i.arguments().value("pull").orElse("missing");
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "always", "true" -> PullPolicy.ALWAYS;
      case "missing", "ifnotpresent" -> PullPolicy.MISSING;
      case "never", "false" -> PullPolicy.NEVER;
      default ->
          throw new UsageException(
              "invalid value \"" + text + "\" for --pull: use always, missing or never");
    };
  }

  /**
   * Does something that needs the container's image. It is tried first, so that an image that is
   * there costs nothing, and again after a pull when the image was what was missing.
   */
  static <T> T withImage(Invocation i, ContainerSpec spec, Work<T> work)
      throws InterruptedException {
    PullPolicy policy = policy(i);
    Optional<Platform> platform = spec.platform().map(Platform::parse);
    if (policy == PullPolicy.ALWAYS) {
      image(i, spec.image(), platform, policy, i.err(), i.flag("quiet"));
    }
    try {
      return work.run();
    } catch (EngineException.NotFound | ImageException.NotFound e) {
      if (policy != PullPolicy.MISSING
          || (platform.isEmpty() && i.engine().images().find(spec.image()).isPresent())) {
        throw e;
      }
      if (!i.flag("quiet")) {
        i.err()
            .line(
                "No image '"
                    + spec.image()
                    + "' here"
                    + platform.map(p -> " for " + p).orElse("")
                    + ": pulling it");
      }
      image(i, spec.image(), platform, policy, i.err(), i.flag("quiet"));
      return work.run();
    }
  }

  /** Pulls one image. */
  static Image image(
      Invocation i,
      String name,
      Optional<Platform> platform,
      PullPolicy policy,
      Output to,
      boolean quiet) {
    PullRequest request =
        new PullRequest(name, platform, policy, DockerConfig.of(i.context()).credentials());
    try (Progress progress = Progress.open(to, i.context(), quiet)) {
      return i.engine().images().pull(request, progress);
    }
  }
}
