package dev.kapal.engine.core;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The filters of container lists. */
final class ContainerFilters {
  private final Filters f;
  private final List<Predicate<ContainerInfo>> names;
  private final Optional<Instant> before;
  private final Optional<Instant> since;

  ContainerFilters(Filters f, Index index) {
    f.allowOnly(
        "id",
        "name",
        "label",
        "status",
        "exited",
        "ancestor",
        "before",
        "since",
        "volume",
        "network",
        "health",
        "publish",
        "expose",
        "is-task");
    this.f = f;
    this.names = f.values("name").stream().map(ContainerFilters::name).toList();
    this.before = moment(f.values("before"), index);
    this.since = moment(f.values("since"), index);
    for (String s : f.values("status")) {
      if (Arrays.stream(ContainerState.values()).noneMatch(v -> v.text().equals(s))) {
        throw new EngineException.InvalidArgument(
            "status \""
                + s
                + "\" is not known: use "
                + String.join(
                    ", ",
                    Arrays.stream(ContainerState.values()).map(ContainerState::text).toList()));
      }
    }
  }

  private static Predicate<ContainerInfo> name(String text) {
    try {
      Pattern p = Pattern.compile(text.startsWith("/") ? text.substring(1) : text);
      return c -> p.matcher(c.name()).find();
    } catch (PatternSyntaxException e) {
      return c -> c.name().contains(text);
    }
  }

  private static Optional<Instant> moment(List<String> refs, Index index) {
    return refs.isEmpty()
        ? Optional.empty()
        : Optional.of(index.get(refs.getLast()).record.created());
  }

  /** Whether states other than running are asked for by name. */
  boolean wantsAll() {
    return !f.values("status").isEmpty()
        || !f.values("exited").isEmpty()
        || !f.values("id").isEmpty()
        || before.isPresent()
        || since.isPresent();
  }

  boolean test(ContainerInfo c) {
    return any("id", v -> c.id().startsWith(v))
        && (names.isEmpty() || names.stream().anyMatch(n -> n.test(c)))
        && Labels.match(c.labels(), f.values("label"))
        && any("status", v -> c.state().text().equals(v))
        && any(
            "exited",
            v -> c.state() == ContainerState.EXITED && Integer.toString(c.exitCode()).equals(v))
        && any(
            "ancestor",
            v ->
                c.image().equals(v)
                    || c.image().startsWith(v + ":")
                    || c.imageId().equals(v)
                    || (v.length() >= 4
                        && (c.imageId().startsWith(v) || c.imageId().startsWith("sha256:" + v))))
        && before.map(t -> c.created().isBefore(t)).orElse(true)
        && since.map(t -> c.created().isAfter(t)).orElse(true)
        && any(
            "volume",
            v ->
                c.mounts().stream()
                    .anyMatch(
                        m -> m.destination().equals(v) || m.name().filter(v::equals).isPresent()))
        && any("network", v -> c.networkMode().equals(v) || c.networks().containsKey(v))
        && any("health", v -> c.health().map(h -> h.status().text()).orElse("none").equals(v))
        && any(
            "publish",
            v -> c.ports().stream().anyMatch(p -> p.hostPort().isPresent() && port(p, v)))
        && any("expose", v -> c.ports().stream().anyMatch(p -> port(p, v)))
        && any("is-task", v -> !Labels.truth(v));
  }

  private static boolean port(ContainerInfo.PublishedPort p, String text) {
    String[] parts = text.split("/", 2);
    boolean protocol = parts.length < 2 || parts[1].equals(p.protocol());
    String[] range = parts[0].split("-", 2);
    if (!range[0].matches("\\d{1,5}") || (range.length > 1 && !range[1].matches("\\d{1,5}"))) {
      throw new EngineException.InvalidArgument(
          "port \"" + text + "\" is not valid: write it as in 80, 80/udp or 8000-8010");
    }
    int from = Integer.parseInt(range[0]);
    int to = range.length > 1 ? Integer.parseInt(range[1]) : from;
    return protocol && p.containerPort() >= from && p.containerPort() <= to;
  }

  private boolean any(String key, Predicate<String> test) {
    List<String> values = f.values(key);
    return values.isEmpty() || values.stream().anyMatch(test);
  }
}
