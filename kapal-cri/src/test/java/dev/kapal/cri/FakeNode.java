package dev.kapal.cri;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerState;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.Pods;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.image.Image;
import dev.kapal.image.Images;
import dev.kapal.network.Readiness;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Reference;
import dev.kapal.runtime.RuntimeFeatures;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;

/** An engine in memory: pods and containers that only change their state. */
public final class FakeNode {
  public static final Digest IMAGE = Digest.parse("sha256:" + "a".repeat(64));

  public final Map<String, PodInfo> pods = new ConcurrentSkipListMap<>();
  public final Map<String, ContainerInfo> containers = new ConcurrentSkipListMap<>();
  public final List<String> calls = new ArrayList<>();
  public volatile Readiness network = Readiness.READY;
  private int madePods;
  private int madeContainers;

  /** The engine. */
  public Engine engine() {
    return Fakes.of(
        Engine.class,
        Map.of(
            "pods", a -> pods(),
            "containers", a -> containers(),
            "images", a -> images(),
            "networks", a -> Fakes.of(EngineNetworks.class, Map.of("podReadiness", b -> network)),
            "system", a -> system()));
  }

  private static EngineSystem system() {
    RuntimeFeatures all =
        new RuntimeFeatures(true, true, true, true, true, true, true, false, true);
    RuntimeFeatures alone =
        new RuntimeFeatures(true, true, true, false, false, false, true, false, false);
    return Fakes.of(
        EngineSystem.class,
        Map.of(
            "runtimes", a -> new TreeSet<>(List.of("native", "runc", "single")),
            "features", a -> a[0].equals("single") ? alone : all,
            "cgroupDriver", a -> "cgroupfs",
            "defaultRuntime", a -> "native"));
  }

  private static Images images() {
    ImageConfig config =
        OciJson.read(
            "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
                .getBytes(StandardCharsets.UTF_8),
            ImageConfig.class);
    Reference name = Reference.parse("registry.example/web:1");
    Image image =
        new Image(
            IMAGE,
            List.of(name),
            List.of(Reference.parse("registry.example/web@" + IMAGE)),
            new Descriptor("application/vnd.oci.image.manifest.v1+json", IMAGE, 1),
            config,
            1,
            Instant.EPOCH,
            Instant.EPOCH);
    return Fakes.of(
        Images.class,
        Map.of(
            "find",
            a ->
                a[0].equals(name.toString()) || a[0].equals(IMAGE.toString())
                    ? Optional.of(image)
                    : Optional.empty()));
  }

  private Pods pods() {
    return Fakes.of(
        Pods.class,
        Map.of(
            "run", a -> run((PodSpec) a[0]),
            "inspect", a -> pod((String) a[0]),
            "list", a -> List.copyOf(pods.values()),
            "stop",
                a -> {
                  PodInfo pod = pod((String) a[0]);
                  pods.put(pod.id(), info(pod.id(), pod.spec(), false));
                  return null;
                },
            "remove", a -> pods.remove(pod((String) a[0]).id()),
            "update",
                a -> {
                  calls.add("update " + a[1] + " " + a[2]);
                  return null;
                }));
  }

  private String run(PodSpec spec) {
    if (pods.values().stream().anyMatch(p -> p.spec().name().equals(spec.name()))) {
      throw new EngineException.Conflict("the name is taken");
    }
    String id = "%064x".formatted(++madePods);
    pods.put(id, info(id, spec, true));
    return id;
  }

  /** Has a pod know the containers that there are now. */
  public void refresh(String id) {
    pods.computeIfPresent(id, (_, pod) -> info(id, pod.spec(), pod.ready()));
  }

  private PodInfo info(String id, PodSpec spec, boolean ready) {
    return new PodInfo(
        id,
        Instant.ofEpochSecond(1, 5),
        spec,
        ready,
        spec.runtime().orElse("native"),
        "host",
        "pods",
        List.of("10.0.0.1", "fd00::1"),
        Optional.empty(),
        "/kapal/" + id,
        List.copyOf(containers.keySet()));
  }

  private PodInfo pod(String id) {
    return pods.values().stream()
        .filter(p -> p.id().equals(id) || p.spec().name().equals(id))
        .findFirst()
        .orElseThrow(() -> new EngineException.NotFound("no pod " + id));
  }

  private Containers containers() {
    return Fakes.of(
        Containers.class,
        Map.of(
            "create", a -> create((ContainerSpec) a[0]),
            "inspect", a -> container((String) a[0]),
            "list", a -> List.copyOf(containers.values()),
            "start", a -> move((String) a[0], ContainerState.RUNNING, 0),
            "stop",
                a -> {
                  if (!container((String) a[0]).state().alive()) {
                    throw new EngineException.Unchanged("it does not run");
                  }
                  calls.add(
                      "stop "
                          + ((Optional<?>) a[1]).map(d -> ((Duration) d).toSeconds()).orElse(-1L));
                  return move((String) a[0], ContainerState.EXITED, 143);
                },
            "remove",
                a -> {
                  calls.add("remove " + a[1] + " " + a[2]);
                  return containers.remove(container((String) a[0]).id());
                },
            "reopenLog",
                a -> {
                  calls.add("reopen");
                  return null;
                },
            "update",
                a -> {
                  calls.add("update");
                  return List.of();
                }));
  }

  private Containers.Created create(ContainerSpec spec) {
    if (containers.values().stream().anyMatch(c -> Optional.of(c.name()).equals(spec.name()))) {
      throw new EngineException.Conflict("the name is taken");
    }
    String id = "%064x".formatted(0x100 + madeContainers++);
    containers.put(id, info(id, spec, ContainerState.CREATED, 0));
    return new Containers.Created(id, spec.name().orElse(id), List.of());
  }

  private Object move(String id, ContainerState state, int code) {
    ContainerInfo c = container(id);
    containers.put(c.id(), info(c.id(), c.spec(), state, code));
    return Optional.empty();
  }

  private ContainerInfo container(String id) {
    return containers.values().stream()
        .filter(c -> c.id().equals(id) || c.name().equals(id))
        .findFirst()
        .orElseThrow(() -> new EngineException.NotFound("no container " + id));
  }

  /** A container in a state. */
  public static ContainerInfo info(String id, ContainerSpec spec, ContainerState state, int code) {
    boolean begun = state != ContainerState.CREATED;
    return new ContainerInfo(
        id,
        spec.name().orElse(id),
        Instant.ofEpochSecond(2),
        spec,
        spec.image(),
        IMAGE.toString(),
        "native",
        new ContainerInfo.EffectiveProcess(List.of(), List.of("x"), List.of(), "/", ""),
        state,
        OptionalInt.empty(),
        code,
        false,
        Optional.empty(),
        begun ? Optional.of(Instant.ofEpochSecond(3)) : Optional.empty(),
        state == ContainerState.EXITED ? Optional.of(Instant.ofEpochSecond(4)) : Optional.empty(),
        0,
        Optional.empty(),
        List.of(),
        Map.of(),
        "",
        "host",
        List.of(),
        Map.of("of", "image"),
        "linux/amd64",
        "cri",
        Optional.empty(),
        new ContainerInfo.Paths("", "", "", "", "", ""),
        List.of(),
        "SIGTERM",
        Duration.ofSeconds(10),
        begun ? Optional.of(new ContainerInfo.User(1, 2, List.of(3L))) : Optional.empty());
  }
}
