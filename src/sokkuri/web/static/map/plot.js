// Draws points with WebGL 2. Libraries for this need `eval`, which the pages forbid, or WebAssembly.

/** @import { Points } from "./points.js" */

const VERTEX = `#version 300 es
in vec2 place;
in float group;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
uniform vec4 colours[11];
out vec4 colour;
void main() {
  gl_Position = vec4(place * scale + shift, 0.0, 1.0);
  gl_PointSize = size;
  colour = colours[int(min(group, 10.0))];
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour;
out vec4 pixel;
void main() {
  float edge = length(gl_PointCoord - 0.5);
  if (edge > 0.5) discard;
  pixel = vec4(colour.rgb * colour.a, colour.a);
}`;

/**
 * @typedef {{array: WebGLVertexArrayObject, buffers: WebGLBuffer[], count: number}} Buffers
 * @typedef {"all" | "faded" | "some" | "ringed"} Part of the points: those that pass the filter, the
 *   others, those that are lit, and those that are chosen
 * @typedef {[places: Uint16Array, groups: Uint8Array]} Content
 * @typedef {Record<"scale" | "shift" | "size" | "colours", ?WebGLUniformLocation>} Uniforms
 */

/** A canvas with points. Without WebGL 2, `works` is false and nothing is drawn. */
export class Plot {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {?Points} */
    this.points = null;
    /** @type {ArrayLike<number>} */
    this.lit = [];
    /** @type {ArrayLike<number>} */
    this.chosen = [];
    /** @type {?Uniforms} */
    this.at = null;
    /** @type {Partial<Record<Part, ?Buffers>>} */
    this.parts = {};
    /** Called when what was drawn was lost, to draw it again. */
    this.onrestore = () => {};
    this.gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    this.works = Boolean(this.gl);
    if (!this.gl) return;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.restore());
    this.prepare(this.gl);
  }

  /** @param {WebGL2RenderingContext} gl */
  prepare(gl) {
    const program = gl.createProgram();
    /** @type {[number, string][]} */
    const shaders = [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]];
    for (const [type, source] of shaders) {
      const shader = gl.createShader(type);
      if (!shader) return; // the context is lost, and will perhaps be restored
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "place");
    gl.bindAttribLocation(program, 1, "group");
    gl.linkProgram(program);
    gl.useProgram(program);
    this.at = {
      scale: gl.getUniformLocation(program, "scale"),
      shift: gl.getUniformLocation(program, "shift"),
      size: gl.getUniformLocation(program, "size"),
      colours: gl.getUniformLocation(program, "colours"),
    };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  restore() {
    if (this.gl) this.prepare(this.gl);
    this.parts = {};
    const { lit, chosen, points } = this;
    if (points) this.setPoints(points);
    this.light(lit);
    this.choose(chosen);
    this.onrestore();
  }

  /** @param {Points} points */
  setPoints(points) {
    this.points = points;
    this.light([]);
    this.choose([]);
    this.filter();
  }

  /** Shows the points that pass the filter, and fades the others. */
  filter() {
    const { points } = this;
    if (!points) return;
    const { passes } = points;
    this.put("all", passes ? this.copy(points.numbers(true)) : [points.xy, points.groups]);
    this.put("faded", passes ? this.copy(points.numbers(false)) : null);
  }

  /**
   * Shows some points larger than the others.
   * @param {ArrayLike<number>} numbers
   */
  light(numbers) {
    this.lit = numbers;
    this.put("some", this.copy(numbers));
  }

  /**
   * Shows some points as chosen.
   * @param {ArrayLike<number>} numbers
   */
  choose(numbers) {
    this.chosen = numbers;
    this.put("ringed", this.copy(numbers));
  }

  /**
   * The places and groups of some points.
   * @param {ArrayLike<number>} numbers
   * @returns {?Content}
   */
  copy(numbers) {
    if (!this.points || !numbers.length) return null;
    const { xy, groups } = this.points;
    const places = new Uint16Array(2 * numbers.length);
    const own = new Uint8Array(numbers.length);
    for (let index = 0; index < numbers.length; index++) {
      const point = numbers[index];
      places[2 * index] = xy[2 * point];
      places[2 * index + 1] = xy[2 * point + 1];
      own[index] = groups[point];
    }
    return [places, own];
  }

  /**
   * Puts a part of the points in place of the old one.
   * @param {Part} name
   * @param {?Content} content
   */
  put(name, content) {
    const { gl } = this;
    if (!gl) return;
    const old = this.parts[name];
    if (old) {
      gl.deleteVertexArray(old.array);
      for (const buffer of old.buffers) gl.deleteBuffer(buffer);
    }
    this.parts[name] = content ? buffers(gl, ...content) : null;
  }

  /**
   * @param {{x: number, y: number, size: number}} frame the square of the map on the canvas, in
   *   pixels of the page: its left and upper edge, and its length
   * @param {number[][]} colours red, green, blue (0 to 1) of each group, the last one for no group
   * @param {number[]} mark the colour around chosen points
   */
  draw({ x, y, size }, colours, mark) {
    const { gl, canvas, at } = this;
    if (!gl) return;
    const density = globalThis.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    const pixels = [Math.round(width * density), Math.round(height * density)];
    if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
      [canvas.width, canvas.height] = pixels; // this makes the canvas anew
    }
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.points?.count || !at) return;
    gl.uniform2f(at.scale, 2 * size / width, 2 * size / height);
    gl.uniform2f(at.shift, 2 * x / width - 1, 1 - 2 * (y + size) / height);
    const diameter = pointSize(this.points.count, size);
    const { all, faded, some, ringed } = this.parts;
    const grey = colours.map(() => colours[colours.length - 1]);
    const marks = colours.map(() => mark);
    drawPart(gl, at, faded, diameter * density, grey, 0.15);
    drawPart(gl, at, all, diameter * density, colours, some || ringed ? 0.3 : 0.75);
    drawPart(gl, at, some, (diameter + 5) * density, colours, 1);
    drawPart(gl, at, ringed, (diameter + 6) * density, marks, 1);
    drawPart(gl, at, ringed, (diameter + 2) * density, colours, 1);
  }

  destroy() {
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/**
 * A vertex array with places and groups.
 * @param {WebGL2RenderingContext} gl
 * @param {Uint16Array} places
 * @param {Uint8Array} groups
 * @returns {Buffers}
 */
function buffers(gl, places, groups) {
  const array = gl.createVertexArray();
  /** @type {WebGLBuffer[]} */
  const made = [];
  gl.bindVertexArray(array);
  /** @type {[number, Uint16Array | Uint8Array, number, number][]} */
  const parts = [[0, places, 2, gl.UNSIGNED_SHORT], [1, groups, 1, gl.UNSIGNED_BYTE]];
  for (const [index, data, size, type] of parts) {
    const buffer = gl.createBuffer();
    made.push(buffer);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(index);
    gl.vertexAttribPointer(index, size, type, index === 0, 0, 0);
  }
  return { array, buffers: made, count: groups.length };
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {Uniforms} at
 * @param {?Buffers | undefined} part
 * @param {number} diameter of a point, in pixels of the canvas
 * @param {number[][]} colours
 * @param {number} alpha
 */
function drawPart(gl, at, part, diameter, colours, alpha) {
  if (!part) return;
  gl.uniform4fv(at.colours, colours.flatMap((colour) => [...colour, alpha]));
  gl.uniform1f(at.size, diameter);
  gl.bindVertexArray(part.array);
  gl.drawArrays(gl.POINTS, 0, part.count);
}

/**
 * The diameter of a point in pixels: smaller the more points there are in a square pixel.
 * @param {number} count
 * @param {number} size
 */
export function pointSize(count, size) {
  return Math.min(Math.max(0.6 * size / Math.sqrt(count), 1.5), 9);
}
