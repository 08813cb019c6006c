package dev.kapal.cri.translate;

import dev.kapal.cri.proto.LinuxPodSandboxStatus;
import dev.kapal.cri.proto.Namespace;
import dev.kapal.cri.proto.NamespaceMode;
import dev.kapal.cri.proto.NamespaceOption;
import dev.kapal.cri.proto.PodIP;
import dev.kapal.cri.proto.PodSandbox;
import dev.kapal.cri.proto.PodSandboxNetworkStatus;
import dev.kapal.cri.proto.PodSandboxState;
import dev.kapal.cri.proto.PodSandboxStatus;
import dev.kapal.cri.proto.UserNamespace;
import dev.kapal.engine.PodInfo;
import dev.kapal.engine.spec.NamespaceMode.Kind;
import dev.kapal.engine.spec.NamespaceSpec;
import java.util.List;

/** Pods as the interface tells of them. */
public final class PodMessages {
  private PodMessages() {}

  /** In a list. */
  public static PodSandbox item(PodInfo pod) {
    return PodSandbox.newBuilder()
        .setId(pod.id())
        .setMetadata(Attributes.metadata(pod))
        .setState(state(pod))
        .setCreatedAt(Times.nanos(pod.created()))
        .putAllLabels(pod.spec().labels())
        .putAllAnnotations(Attributes.annotations(pod))
        .setRuntimeHandler(Attributes.handler(pod))
        .build();
  }

  /** Whether it takes containers. */
  public static PodSandboxState state(PodInfo pod) {
    return pod.ready() ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
  }

  /** In full. */
  public static PodSandboxStatus status(PodInfo pod) {
    return PodSandboxStatus.newBuilder()
        .setId(pod.id())
        .setMetadata(Attributes.metadata(pod))
        .setState(state(pod))
        .setCreatedAt(Times.nanos(pod.created()))
        .setNetwork(network(pod.addresses()))
        .setLinux(
            LinuxPodSandboxStatus.newBuilder()
                .setNamespaces(Namespace.newBuilder().setOptions(namespaces(pod))))
        .putAllLabels(pod.spec().labels())
        .putAllAnnotations(Attributes.annotations(pod))
        .setRuntimeHandler(Attributes.handler(pod))
        .build();
  }

  private static PodSandboxNetworkStatus network(List<String> addresses) {
    PodSandboxNetworkStatus.Builder network = PodSandboxNetworkStatus.newBuilder();
    for (int i = 0; i < addresses.size(); i++) {
      if (i == 0) {
        network.setIp(addresses.get(i));
      } else {
        network.addAdditionalIps(PodIP.newBuilder().setIp(addresses.get(i)));
      }
    }
    return network.build();
  }

  private static NamespaceOption namespaces(PodInfo pod) {
    NamespaceSpec n = pod.spec().namespaces();
    NamespaceOption.Builder options =
        NamespaceOption.newBuilder()
            .setNetwork(pod.spec().network().host() ? NamespaceMode.NODE : NamespaceMode.POD)
            .setPid(
                switch (n.pid().kind()) {
                  case HOST -> NamespaceMode.NODE;
                  case SHAREABLE -> NamespaceMode.POD;
                  case DEFAULT, PRIVATE, CONTAINER, NONE -> NamespaceMode.CONTAINER;
                })
            .setIpc(n.ipc().kind() == Kind.HOST ? NamespaceMode.NODE : NamespaceMode.POD);
    if (n.user().kind() == Kind.PRIVATE) {
      UserNamespace.Builder user = UserNamespace.newBuilder().setMode(NamespaceMode.POD);
      n.uidMappings().forEach(m -> user.addUids(Namespaces.message(m)));
      n.gidMappings().forEach(m -> user.addGids(Namespaces.message(m)));
      options.setUsernsOptions(user);
    }
    return options.build();
  }
}
