package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.NamespaceMode;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.NetworkSpec;
import dev.kapal.engine.spec.PodMember;
import dev.kapal.engine.store.PodRecord;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a container of a pod has of its pod. */
final class Members {
  private Members() {}

  /** The request with everything that the pod decides filled in. */
  static ContainerSpec resolve(ContainerSpec asked, PodEntry pod) {
    PodRecord p = pod.record;
    if (!pod.ready()) {
      throw stopped(pod);
    }
    if (asked.runtime().filter(r -> !r.equals(p.runtime())).isPresent()) {
      throw new EngineException.InvalidArgument(
          "a container of pod "
              + p.spec().name()
              + " has its runtime, "
              + p.runtime()
              + ", and cannot have "
              + asked.runtime().get());
    }
    NamespaceMode shared = new NamespaceMode(NamespaceMode.Kind.CONTAINER, p.id());
    NamespaceSpec its = p.spec().namespaces();
    NamespaceSpec n =
        asked
            .namespaces()
            .withIpc(host(its.ipc()) ? NamespaceMode.HOST : shared)
            .withUts(host(its.uts()) ? NamespaceMode.HOST : shared)
            .withUser(its.user(), its.uidMappings(), its.gidMappings());
    if (n.pid().kind() == NamespaceMode.Kind.DEFAULT) {
      n =
          n.withPid(
              switch (its.pid().kind()) {
                case HOST -> NamespaceMode.HOST;
                case SHAREABLE -> shared;
                default -> NamespaceMode.PRIVATE;
              });
    }
    if (n.pid().equals(shared) && !p.anchor()) {
      throw new EngineException.InvalidArgument(
          "pod "
              + p.spec().name()
              + " was not made with a PID namespace to share: a container of it has its own, the host's, or another's");
    }
    Map<String, String> annotations = new LinkedHashMap<>(asked.annotations());
    annotations.putAll(PodAnnotations.member(p.id()));
    Map<String, String> sysctls = new LinkedHashMap<>(p.spec().sysctls());
    sysctls.putAll(asked.sysctls());
    return asked.toBuilder()
        .pod(new PodMember(p.id(), asked.pod().orElseThrow().attributes()))
        .runtime(p.runtime())
        .namespaces(n)
        .network(network(asked.network(), p))
        .annotations(annotations)
        .sysctls(sysctls)
        .build();
  }

  private static NetworkSpec network(NetworkSpec asked, PodRecord p) {
    NetworkSpec.Builder b =
        NetworkSpec.builder()
            .mode(p.networkMode().equals("host") ? "host" : "container:" + p.id())
            .extraHosts(asked.extraHosts());
    if (!host(p.spec().namespaces().uts())) {
      b.hostname(p.hostname());
    }
    return b.build();
  }

  private static boolean host(NamespaceMode mode) {
    return mode.kind() == NamespaceMode.Kind.HOST;
  }

  static EngineException stopped(PodEntry pod) {
    return new EngineException.Conflict(
        "pod " + pod.record.spec().name() + " has been stopped: nothing is started in it any more");
  }
}
