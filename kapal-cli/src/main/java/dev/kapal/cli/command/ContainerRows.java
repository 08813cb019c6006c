package dev.kapal.cli.command;

import dev.kapal.cli.output.Humans;
import dev.kapal.cli.output.Text;
import dev.kapal.cli.template.Function;
import dev.kapal.cli.template.Struct;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerInfo.PublishedPort;
import dev.kapal.engine.Containers.DiskUse;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Containers as rows of ps. Pure. */
final class ContainerRows {
  static final Listing LISTING =
      Listing.of(
          List.of("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"),
          "ID",
          "CONTAINER ID",
          "Image",
          "IMAGE",
          "Command",
          "COMMAND",
          "CreatedAt",
          "CREATED AT",
          "RunningFor",
          "CREATED",
          "Status",
          "STATUS",
          "State",
          "STATE",
          "Ports",
          "PORTS",
          "Names",
          "NAMES",
          "Size",
          "SIZE",
          "Labels",
          "LABELS",
          "Mounts",
          "MOUNTS",
          "LocalVolumes",
          "LOCAL VOLUMES",
          "Networks",
          "NETWORKS",
          "Runtime",
          "RUNTIME",
          "Platform",
          "PLATFORM");

  private ContainerRows() {}

  static Struct row(
      ContainerInfo c, boolean whole, Instant now, ZoneId zone, Optional<DiskUse> size) {
    String command = Text.quote(command(c.process().words()));
    String labels = labels(c.labels());
    Function label =
        arguments ->
            arguments.isEmpty()
                ? ""
                : c.labels().getOrDefault(String.valueOf(arguments.getFirst()), "");
    return new Struct()
        .with("ID", whole ? c.id() : c.shortId())
        .with("Names", c.name())
        .with("Image", c.image())
        .with("Command", whole ? command : cutQuoted(command))
        .with("CreatedAt", Humans.moment(c.created(), zone))
        .with("RunningFor", Humans.ago(c.created(), now))
        .with("Status", status(c, now))
        .with("State", c.state().text())
        .with("Ports", ports(c.ports()))
        .with(
            "Size",
            size.map(s -> Humans.size(s.writable()) + " (virtual " + Humans.size(s.total()) + ")")
                .orElse("0B"))
        .with("Labels", labels)
        .with("Mounts", String.join(",", c.mounts().stream().map(m -> mount(m, whole)).toList()))
        .with(
            "LocalVolumes",
            Long.toString(c.mounts().stream().filter(m -> m.type().equals("volume")).count()))
        .with(
            "Networks",
            c.networks().isEmpty() ? network(c) : String.join(",", c.networks().keySet()))
        .with("Runtime", c.runtime())
        .with("Platform", c.platform())
        .with("Label", label);
  }

  /** As docker writes it: arguments with a space in them show where they end. */
  private static String command(List<String> words) {
    return words.isEmpty()
        ? ""
        : Stream.concat(
                Stream.of(words.getFirst()),
                words.stream().skip(1).map(w -> w.indexOf(' ') < 0 ? w : "'" + w + "'"))
            .collect(Collectors.joining(" "));
  }

  private static String network(ContainerInfo c) {
    return c.networkMode().startsWith("container:") ? "" : c.networkMode();
  }

  static String labels(Map<String, String> labels) {
    return String.join(
        ",",
        new TreeMap<>(labels)
            .entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList());
  }

  private static String cutQuoted(String quoted) {
    return quoted.length() <= 22 ? quoted : quoted.substring(0, 20) + "…\"";
  }

  private static String mount(ContainerInfo.MountPoint mount, boolean whole) {
    String name =
        mount.name().orElse(mount.source().isEmpty() ? mount.destination() : mount.source());
    return whole ? name : Text.cut(name, 15);
  }

  /** As in {@code Up 5 minutes (healthy)}. */
  static String status(ContainerInfo c, Instant now) {
    return switch (c.state()) {
      case CREATED -> "Created";
      case RUNNING -> "Up " + since(c.started(), now) + health(c);
      case PAUSED -> "Up " + since(c.started(), now) + " (Paused)";
      case RESTARTING -> "Restarting (" + c.exitCode() + ") " + since(c.finished(), now) + " ago";
      case EXITED -> "Exited (" + c.exitCode() + ") " + since(c.finished(), now) + " ago";
      case REMOVING -> "Removal In Progress";
      case DEAD -> "Dead";
    };
  }

  private static String since(Optional<Instant> moment, Instant now) {
    String ago = Humans.ago(moment.orElse(now), now);
    return ago.substring(0, ago.length() - " ago".length());
  }

  private static String health(ContainerInfo c) {
    return c.health()
        .map(health ->
            switch (health.status()) {
              case STARTING -> " (health: starting)";
              case HEALTHY -> " (healthy)";
              case UNHEALTHY -> " (unhealthy)";
            })
        .orElse("");
  }

  /** As in {@code 0.0.0.0:8080->80/tcp, 443/tcp}; neighbours make a range. */
  static String ports(List<PublishedPort> ports) {
    List<PublishedPort> sorted = new ArrayList<>(ports);
    sorted.sort(
        Comparator.comparing(PublishedPort::hostAddress)
            .thenComparing(PublishedPort::protocol)
            .thenComparingInt(PublishedPort::containerPort)
            .thenComparingInt(p -> p.hostPort().orElse(-1)));
    List<String> texts = new ArrayList<>();
    int i = 0;
    while (i < sorted.size()) {
      PublishedPort first = sorted.get(i);
      int n = 1;
      while (i + n < sorted.size() && follows(first, sorted.get(i + n), n)) {
        n++;
      }
      texts.add(port(first, n));
      i += n;
    }
    return String.join(", ", texts);
  }

  private static boolean follows(PublishedPort first, PublishedPort next, int distance) {
    return first.hostAddress().equals(next.hostAddress())
        && first.protocol().equals(next.protocol())
        && next.containerPort() == first.containerPort() + distance
        && next.hostPort().isPresent() == first.hostPort().isPresent()
        && next.hostPort().orElse(0)
            == (first.hostPort().isPresent() ? first.hostPort().getAsInt() + distance : 0);
  }

  private static String port(PublishedPort first, int n) {
    String inside = range(first.containerPort(), n) + "/" + first.protocol();
    OptionalInt host = first.hostPort();
    return host.isEmpty()
        ? inside
        : address(first.hostAddress()) + ":" + range(host.getAsInt(), n) + "->" + inside;
  }

  static String address(String host) {
    String shown = host.isEmpty() ? "0.0.0.0" : host;
    return shown.indexOf(':') >= 0 && !shown.startsWith("[") ? "[" + shown + "]" : shown;
  }

  private static String range(int first, int n) {
    return n == 1 ? Integer.toString(first) : first + "-" + (first + n - 1);
  }
}
