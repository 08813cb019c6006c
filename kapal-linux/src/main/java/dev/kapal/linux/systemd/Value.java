package dev.kapal.linux.systemd;

import java.util.List;

/** A value of D-Bus (specification, Type System): those types that systemd's manager uses. */
sealed interface Value {
  /** Type {@code s}. */
  record Text(String value) implements Value {}

  /** Type {@code o}. */
  record ObjectPath(String value) implements Value {}

  /** Type {@code b}. */
  record Flag(boolean value) implements Value {}

  /** Type {@code u}. */
  record Word(int value) implements Value {}

  /** Type {@code t}; unsigned. */
  record Quad(long value) implements Value {}

  /** Type {@code a…}, with the type of its elements, which an empty one could not tell. */
  record Array(String element, List<Value> values) implements Value {
    public Array {
      values = List.copyOf(values);
    }
  }

  /** Type {@code (…)}. */
  record Struct(List<Value> values) implements Value {
    public Struct {
      values = List.copyOf(values);
    }

    static Struct of(Value... values) {
      return new Struct(List.of(values));
    }
  }

  /** Type {@code v}. */
  record Variant(Value value) implements Value {}

  /** Its type signature. */
  default String signature() {
    return switch (this) {
      case Text _ -> "s";
      case ObjectPath _ -> "o";
      case Flag _ -> "b";
      case Word _ -> "u";
      case Quad _ -> "t";
      case Array a -> "a" + a.element();
      case Struct s -> {
        StringBuilder all = new StringBuilder("(");
        s.values().forEach(v -> all.append(v.signature()));
        yield all.append(')').toString();
      }
      case Variant _ -> "v";
    };
  }
}
