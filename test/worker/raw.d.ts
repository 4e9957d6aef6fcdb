// Vite's `?raw`: a file's text, taken in when the test is built.
declare module "*.md?raw" {
  const text: string;
  export default text;
}
