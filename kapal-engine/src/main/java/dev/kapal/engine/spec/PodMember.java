package dev.kapal.engine.spec;

import java.util.Map;

/**
 * A container's place in a pod. Its network, IPC and UTS namespaces, its user namespace and its
 * files for name resolution are the pod's; its PID namespace is what its {@link NamespaceSpec}
 * says, and the pod's own choice when that says nothing.
 *
 * @param pod ID (or a unique prefix) or name of the pod
 * @param attributes what a door wants to find again; kept as it is, never looked at
 */
public record PodMember(String pod, Map<String, String> attributes) {
  public PodMember {
    Checks.notBlank(pod, "the pod");
    attributes = Checks.ordered(attributes);
  }
}
