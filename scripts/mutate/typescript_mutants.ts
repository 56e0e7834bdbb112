import ts from "typescript";
import { COUNTERPARTS, doubled, type Mutant, OPPOSITE_COMPARISONS } from "./mutant.ts";

type Change = readonly [operator: string, node: ts.Node, replacement: string];

/** Calls that only report what happened: no test should depend on them. */
const LOG_CALLS = /^(console|log|this\.#?log|#log)\b|\.(debug|info|warn|error)\(/;

/** Functions whose omission mixes up two units of time, such as `usToMs(x)` and `seconds(x)`. */
const UNIT_CONVERSIONS = /^(us|ms|s|seconds|minutes|micros?)To[A-Z]|To(Us|Ms|S|Seconds)$/;

/** The mutants of a TypeScript file, in the order of the text. */
export function typescriptMutants(path: string, text: string): Mutant[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (isWithoutBehavior(node, source)) return;
    for (const [operator, target, replacement] of changesOf(node, source)) {
      const start = target.getStart(source);
      mutants.push({
        path,
        line: source.getLineAndCharacterOfPosition(start).line + 1,
        operator,
        start,
        end: target.end,
        original: target.getText(source),
        replacement,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

/** Whether a node cannot change what the program does, or only the words of a message. */
function isWithoutBehavior(node: ts.Node, source: ts.SourceFile): boolean {
  return ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node) ||
    ts.isThrowStatement(node) ||
    ((ts.isCallExpression(node) || ts.isExpressionStatement(node)) &&
      LOG_CALLS.test(node.getText(source)));
}

function* changesOf(node: ts.Node, source: ts.SourceFile): Generator<Change> {
  if (ts.isBinaryExpression(node)) yield* binaryChanges(node, source);
  else if (ts.isNumericLiteral(node)) {
    const replacement = doubled(node.text);
    if (replacement !== undefined) yield ["number", node, replacement];
  } else if (node.kind === ts.SyntaxKind.TrueKeyword) yield ["boolean", node, "false"];
  else if (node.kind === ts.SyntaxKind.FalseKeyword) yield ["boolean", node, "true"];
  else if (ts.isIfStatement(node) && !isComparison(node.expression)) {
    yield ["condition", node.expression, `!(${node.expression.getText(source)})`];
  } else if (ts.isConditionalExpression(node) && !isComparison(node.condition)) {
    yield ["condition", node.condition, `!(${node.condition.getText(source)})`];
  } else if (ts.isExpressionStatement(node)) yield* statementChanges(node);
  else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    yield ["sign", node, node.operand.getText(source)];
  } else if (ts.isCallExpression(node)) yield* callChanges(node, source);
}

function* binaryChanges(node: ts.BinaryExpression, source: ts.SourceFile): Generator<Change> {
  const token = node.operatorToken;
  const text = token.getText(source);
  const opposite = OPPOSITE_COMPARISONS.get(text);
  if (opposite !== undefined) yield ["comparison", token, opposite];
  const counterpart = COUNTERPARTS.get(text);
  if (counterpart === undefined) return;
  // Joined text is a message or a path, not a sum.
  const isText = text === "+" &&
    [node.left, node.right].some((side) => ts.isStringLiteralLike(side));
  if (!isText) yield [text === "&&" || text === "||" ? "logic" : "arithmetic", token, counterpart];
}

/** Drops a call that stands alone, such as `timer.dispose();`. */
function* statementChanges(node: ts.ExpressionStatement): Generator<Change> {
  const call = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
  if (!ts.isCallExpression(call) || call.expression.kind === ts.SyntaxKind.SuperKeyword) return;
  yield ["call", node, ";"];
}

function* callChanges(node: ts.CallExpression, source: ts.SourceFile): Generator<Change> {
  const callee = node.expression;
  const text = callee.getText(source);
  if (text === "Math.min") yield ["extreme", callee, "Math.max"];
  if (text === "Math.max") yield ["extreme", callee, "Math.min"];
  const [argument] = node.arguments;
  if (argument && ts.isIdentifier(callee) && UNIT_CONVERSIONS.test(text)) {
    yield ["unit", node, `(${argument.getText(source)})`];
  }
}

function isComparison(node: ts.Expression): boolean {
  return ts.isBinaryExpression(node) &&
    (OPPOSITE_COMPARISONS.has(node.operatorToken.getText()) ||
      COUNTERPARTS.has(node.operatorToken.getText()));
}
