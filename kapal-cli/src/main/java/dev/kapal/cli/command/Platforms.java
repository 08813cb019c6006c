package dev.kapal.cli.command;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.model.Arguments;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Option;
import dev.kapal.cli.model.UsageException;
import dev.kapal.oci.InvalidPlatformException;
import dev.kapal.oci.Platform;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** {@code --platform}, wherever it is. */
final class Platforms {
  private static final String NAME = "platform";
  private static final String FORM = "OS/ARCH[/VARIANT]";

  /** What shells offer; others are taken as well. */
  private static final String[] COMMON = {
    "linux/386",
    "linux/amd64",
    "linux/arm/v6",
    "linux/arm/v7",
    "linux/arm64",
    "linux/loong64",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x"
  };

  private Platforms() {}

  static Option option(String help) {
    return Option.value(NAME, FORM, help).among(COMMON);
  }

  static Option options(String help) {
    return Option.list(NAME, FORM, help).among(COMMON);
  }

  /** What the option says. */
  static Optional<Platform> of(Invocation i) {
    return i.arguments().value(NAME).filter(text -> !text.isEmpty()).map(Platforms::parse);
  }

  /** What the options say: several each, with commas between, or one each. */
  static List<Platform> all(Invocation i) {
    return i.arguments().list(NAME).stream()
        .flatMap(text -> Arrays.stream(text.split(",", -1)))
        .map(Platforms::parse)
        .toList();
  }

  /** What the option says, or the client's DOCKER_DEFAULT_PLATFORM, where images are fetched. */
  static Optional<Platform> wanted(Arguments given, CommandContext context) {
    return given
        .value(NAME)
        .or(() -> context.variable("DOCKER_DEFAULT_PLATFORM"))
        .filter(text -> !text.isEmpty())
        .map(Platforms::parse);
  }

  private static Platform parse(String text) {
    try {
      return Platform.parse(text);
    } catch (InvalidPlatformException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }
}
