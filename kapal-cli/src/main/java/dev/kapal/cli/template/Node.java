package dev.kapal.cli.template;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A parsed template. Immutable. */
sealed interface Node {
  /** Text as it is. */
  record Literal(String text) implements Node {}

  /** Prints a pipeline, or only assigns it. */
  record Print(Pipeline pipeline) implements Node {}

  /** {@code if} and {@code with}; {@code with} changes the dot. */
  record Branch(boolean changesDot, Pipeline test, List<Node> yes, List<Node> no) implements Node {}

  /** {@code range}. */
  record Range(Pipeline over, List<Node> body, List<Node> none) implements Node {}

  /** {@code break} or {@code continue}. */
  record Jump(boolean stops) implements Node {}

  /**
   * Calls in a row, the value of each the last argument of the next.
   *
   * @param variables assigned, with their dollars; at most two, two only in range
   * @param declares whether they are new
   */
  record Pipeline(List<String> variables, boolean declares, List<Call> calls) {}

  /** A head and its arguments. */
  record Call(List<Operand> words) {}

  /** A value in a call. */
  sealed interface Operand {}

  /** A constant. */
  record Constant(@Nullable Object value) implements Operand {}

  /** A name: a function. */
  record Name(String name) implements Operand {}

  /**
   * A chain of fields.
   *
   * @param from where it begins; empty: at the dot
   * @param fields their names in order; may be none
   */
  record Chain(Optional<Operand> from, List<String> fields) implements Operand {}

  /** A variable. */
  record Variable(String name) implements Operand {}

  /** Something in parentheses. */
  record Parenthesis(Pipeline pipeline) implements Operand {}
}
