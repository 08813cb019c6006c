package dev.kapal.runtime.plan;

import dev.kapal.oci.runtime.NamespaceType;
import java.util.ArrayList;
import java.util.List;

/** Prints namespace flags. */
final class CloneFlags {
  private CloneFlags() {}

  static String print(long flags) {
    List<String> names = new ArrayList<>();
    for (NamespaceType type : NamespaceType.values()) {
      if (type.cloneFlag() != 0 && (flags & type.cloneFlag()) != 0) {
        names.add(type.procName());
      }
    }
    return names.isEmpty() ? "nothing" : String.join("+", names);
  }
}
