package dev.kapal.cri.events;

import dev.kapal.cri.proto.PodSandboxMetadata;
import dev.kapal.cri.proto.PodSandboxState;
import dev.kapal.cri.proto.PodSandboxStatus;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * How far a container's or a pod's life has been told.
 *
 * @param id of it
 * @param pod its pod's ID; its own, if it is a pod
 * @param phase the last thing told
 * @param podName the pod's metadata, from here on, for when the pod itself is gone
 */
record Mark(
    String id,
    String pod,
    Phase phase,
    String podName,
    String podNamespace,
    String podUid,
    int podAttempt) {

  /** Refuses what a damaged file may lack. */
  Mark {
    Stream.of(id, pod, phase, podName, podNamespace, podUid).forEach(Objects::requireNonNull);
  }

  /** What happens to each once, in this order. */
  enum Phase {
    CREATED,
    STARTED,
    STOPPED,
    DELETED
  }

  static Mark of(String id, PodSandboxStatus pod, Phase phase) {
    PodSandboxMetadata m = pod.getMetadata();
    return new Mark(
        id, pod.getId(), phase, m.getName(), m.getNamespace(), m.getUid(), m.getAttempt());
  }

  /** What can be said of the pod when it is gone. */
  PodSandboxStatus lastStatus() {
    return PodSandboxStatus.newBuilder()
        .setId(pod)
        .setState(PodSandboxState.SANDBOX_NOTREADY)
        .setMetadata(
            PodSandboxMetadata.newBuilder()
                .setName(podName)
                .setNamespace(podNamespace)
                .setUid(podUid)
                .setAttempt(podAttempt))
        .build();
  }
}
