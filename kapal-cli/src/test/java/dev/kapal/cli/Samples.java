package dev.kapal.cli;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.ProcessSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.StorageSpec;
import dev.kapal.network.PortMapping;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Containers to show. */
public final class Samples {
  private Samples() {}

  public static ContainerInfo web() {
    ContainerSpec spec =
        ContainerSpec.builder("nginx:1.27")
            .name("web")
            .process(ProcessSpec.builder().env(List.of("A=b")).build())
            .network(
                NetworkSpec.builder()
                    .mode("bridge")
                    .ports(List.of(PortMapping.parse("8080:80")))
                    .build())
            .storage(
                StorageSpec.DEFAULT.withMounts(
                    List.of(
                        MountSpec.bind("/srv/site", "/usr/share/nginx/html")
                            .readOnly(true)
                            .build())))
            .resources(Resources.builder().memory(256L << 20).nanoCpus(500_000_000L).build())
            .labels(Map.of("team", "blue"))
            .build();
    return info(
        "4c01db0b339c4c01db0b339c4c01db0b339c4c01db0b339c4c01db0b339c0001",
        "web",
        spec,
        ContainerState.RUNNING,
        0,
        Optional.of(Instant.parse("2026-06-01T11:55:00Z")),
        Optional.empty());
  }

  public static ContainerInfo job() {
    return info(
        "d7886598dbe2d7886598dbe2d7886598dbe2d7886598dbe2d7886598dbe20002",
        "nightly-job",
        ContainerSpec.builder("localhost/busybox").build(),
        ContainerState.EXITED,
        137,
        Optional.of(Instant.parse("2026-05-30T12:00:00Z")),
        Optional.of(Instant.parse("2026-05-30T13:00:00Z")));
  }

  private static ContainerInfo info(
      String id,
      String name,
      ContainerSpec spec,
      ContainerState state,
      int exitCode,
      Optional<Instant> started,
      Optional<Instant> finished) {
    boolean running = state == ContainerState.RUNNING;
    return new ContainerInfo(
        id,
        name,
        Instant.parse("2026-05-30T11:59:59.123456789Z"),
        spec,
        spec.image(),
        "sha256:" + "ab".repeat(32),
        "native",
        new ContainerInfo.EffectiveProcess(
            List.of("/docker-entrypoint.sh"),
            List.of("nginx", "-g", "daemon off;"),
            List.of("PATH=/usr/bin:/bin", "A=b"),
            "/",
            ""),
        state,
        running ? OptionalInt.of(4242) : OptionalInt.empty(),
        exitCode,
        exitCode == 137,
        Optional.empty(),
        started,
        finished,
        0,
        running
            ? Optional.of(
                new ContainerInfo.Health(ContainerInfo.Health.Status.HEALTHY, 0, List.of()))
            : Optional.empty(),
        running
            ? List.of(
                new ContainerInfo.MountPoint(
                    "bind",
                    Optional.empty(),
                    "/srv/site",
                    "/usr/share/nginx/html",
                    "ro",
                    false,
                    "rprivate",
                    false))
            : List.of(),
        running
            ? Map.of(
                "bridge",
                new ContainerInfo.Endpoint(
                    "aa".repeat(32),
                    "bb".repeat(32),
                    "eth0",
                    List.of("10.88.0.5/16", "fd00::5/64"),
                    List.of("10.88.0.1", "fd00::1"),
                    "02:42:0a:58:00:05",
                    List.of()))
            : Map.of(),
        "bridge",
        id.substring(0, 12),
        running
            ? List.of(
                new ContainerInfo.PublishedPort(80, "tcp", "", OptionalInt.of(8080)),
                new ContainerInfo.PublishedPort(80, "tcp", "::", OptionalInt.of(8080)),
                new ContainerInfo.PublishedPort(443, "tcp", "", OptionalInt.empty()))
            : List.of(),
        spec.labels(),
        "linux/amd64",
        "json-file",
        Optional.of("/var/lib/kapal/containers/" + id + "/log"),
        new ContainerInfo.Paths(
            "/run/kapal/c",
            "/run/kapal/c/hostname",
            "/run/kapal/c/hosts",
            "/run/kapal/c/resolv.conf",
            running ? "/run/kapal/c/rootfs" : "",
            "/kapal/" + id),
        List.of(),
        "SIGQUIT",
        Duration.ofSeconds(10),
        Optional.empty());
  }
}
