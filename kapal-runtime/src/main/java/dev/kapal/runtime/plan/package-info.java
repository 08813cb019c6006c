/**
 * Launch plans: what an OCI runtime config means in system calls. The compiler is a pure function;
 * see docs/launch-plan.md for the format.
 */
@NullMarked
package dev.kapal.runtime.plan;

import org.jspecify.annotations.NullMarked;
