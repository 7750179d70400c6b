// Runs only in browsers without ES modules: says plainly what is needed instead of showing a blank page.
document.addEventListener('DOMContentLoaded', function () {
  document.body.innerHTML =
    '<div style="font:16px/1.8 sans-serif;max-width:640px;margin:80px auto;padding:0 24px">' +
    '<h1 style="font-size:22px">浏览器版本过低</h1>' +
    '<p>本系统需要 Chromium 93 及以上内核的浏览器（例如新版 360 安全浏览器、奇安信可信浏览器的极速模式、Chrome、Edge）。' +
    '请更换或升级浏览器后再次打开。</p></div>'
})
