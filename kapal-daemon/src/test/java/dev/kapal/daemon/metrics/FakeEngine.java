package dev.kapal.daemon.metrics;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineSystem;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.Pods;
import dev.kapal.engine.spec.PodSpec;
import dev.kapal.image.Images;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;

/** An engine with two pods and a report of its recovery. */
public final class FakeEngine {
  private FakeEngine() {}

  /** The engine. */
  public static Engine create() {
    return of(
        Engine.class,
        Map.of(
            "containers",
            () -> of(Containers.class, Map.of("list", List::<ContainerInfo>of)),
            "pods",
            () -> of(Pods.class, Map.of("list", () -> List.of(pod("a", true), pod("b", false)))),
            "images",
            () -> of(Images.class, Map.of("list", () -> List.of("one", "two", "three"))),
            "system",
            () -> of(EngineSystem.class, system())));
  }

  private static Map<String, Supplier<Object>> system() {
    return Map.of(
        "runtimes",
        () -> new TreeSet<>(List.of("native", "runsc")),
        "recovery",
        () ->
            new EngineSystem.RecoveryReport(
                4, 3, 2, 1, 0, List.of("one problem"), Duration.ofMillis(1500)));
  }

  private static PodInfo pod(String id, boolean ready) {
    return new PodInfo(
        id,
        Instant.EPOCH,
        PodSpec.builder(id).build(),
        ready,
        "native",
        id,
        "none",
        List.of(),
        Optional.empty(),
        "/x",
        List.of());
  }

  private static <T> T of(Class<T> type, Map<String, Supplier<Object>> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              if (method.getName().equals("hashCode")) {
                return System.identityHashCode(self);
              }
              Supplier<Object> answer = answers.get(method.getName());
              if (answer == null) {
                throw new UnsupportedOperationException(method.getName());
              }
              return answer.get();
            }));
  }
}
