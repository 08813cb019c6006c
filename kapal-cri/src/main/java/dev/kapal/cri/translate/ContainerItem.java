package dev.kapal.cri.translate;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerFilter;
import dev.kapal.cri.proto.ListContainersResponse;
import dev.kapal.engine.ContainerInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * A container as lists show it.
 *
 * @param of what was made into it
 * @param encoded the message as a field of ListContainersResponse
 */
public record ContainerItem(ContainerInfo of, Container message, ByteString encoded) {
  static ContainerItem of(ContainerInfo container) {
    Container message = ContainerMessages.item(container);
    return new ContainerItem(container, message, encode(message));
  }

  private static ByteString encode(Container message) {
    int field = ListContainersResponse.CONTAINERS_FIELD_NUMBER;
    ByteString.Output bytes =
        ByteString.newOutput(CodedOutputStream.computeMessageSize(field, message));
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(bytes);
      out.writeMessage(field, message);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot be written", e);
    }
    return bytes.toByteString();
  }

  /** Whether nothing has changed since: the engine gives the same object as long as that is so. */
  @SuppressWarnings("ReferenceEquality")
  boolean holds(ContainerInfo container) {
    return of == container;
  }

  /** Whether a filter lets it through; what a filter does not name it does not restrict. */
  public boolean matches(ContainerFilter filter) {
    return message.getId().startsWith(filter.getId())
        && message.getPodSandboxId().startsWith(filter.getPodSandboxId())
        && (!filter.hasState() || message.getState() == filter.getState().getState())
        && labelled(filter.getLabelSelectorMap());
  }

  private boolean labelled(Map<String, String> wanted) {
    return wanted.isEmpty() || message.getLabelsMap().entrySet().containsAll(wanted.entrySet());
  }
}
